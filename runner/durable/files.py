"""Files that are whole or absent.

Purpose: ``write_atomic``, ``create``, ``write_new`` and the syncs they rest on; ``write_hint`` for
what may be lost.
Guarantees: temporary names start with a dot and hold ``.tmp-``; ``is_leftover`` knows them.
"""

import errno
import os
import secrets
import stat
from pathlib import Path

from runner.durable import calls

_MARK = ".tmp-"


def is_leftover(name: str) -> bool:
    """Return whether ``name`` is that of a write that was cut off."""
    return name.startswith(".") and _MARK in name


def open_dir(path: calls.StrPath, *, dir_fd: int | None = None) -> int:
    """Open a directory itself: no symbolic link, not inherited."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, dir_fd=dir_fd)


def open_below(root: calls.StrPath, relative: str) -> int:
    """Open the folder ``root/relative``; below ``root`` no symbolic link is followed."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in filter(None, relative.split("/")):
        above = here
        try:
            here = open_dir(part, dir_fd=above)
        finally:
            os.close(above)
    return here


def sync_dir(path: calls.StrPath | int) -> None:
    """Sync the names in a directory, given by path or descriptor."""
    if isinstance(path, int):
        calls.fsync(path)
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        calls.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: calls.StrPath | int) -> None:
    """Sync the data of a regular file, given by path or descriptor."""
    if isinstance(path, int):
        calls.fsync(path)
        return
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        calls.fsync(fd)
    finally:
        os.close(fd)


def _fill(fd: int, data: bytes, *, sync: bool) -> None:
    """Write all of ``data``, compare the byte count."""
    rest = memoryview(data)
    while rest:
        rest = rest[calls.write(fd, rest) :]
    size = os.fstat(fd).st_size
    if stat.S_ISREG(os.fstat(fd).st_mode) and size != len(data):
        message = f"wrote {len(data)} bytes, the file has {size}"
        raise OSError(errno.EIO, message)
    if sync:
        calls.fsync(fd)


def write_new(path: calls.StrPath, data: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Write a file that must not exist yet; leave nothing behind when that fails.

    Its name is the caller's to sync, and without ``sync`` its content too.
    """
    fd = calls.open_write(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        try:
            if os.fstat(fd).st_mode & 0o777 != mode:
                calls.chmod(fd, mode)
            _fill(fd, data, sync=sync)
        finally:
            os.close(fd)
    except OSError:
        calls.unlink(path)
        raise


def write_atomic(path: calls.StrPath, data: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data`` in one step; afterwards content and name are on the device."""
    _replace(Path(path), data, mode, sync=True)
    sync_dir(Path(path).parent)


def write_hint(path: calls.StrPath, data: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data`` in one step for readers; nothing is synced.

    For what is written anew every few seconds: after a power cut it may be old or empty.
    """
    _replace(Path(path), data, mode, sync=False)


def _replace(path: Path, data: bytes, mode: int, *, sync: bool) -> None:
    draft = path.with_name(f".{path.name}{_MARK}{secrets.token_hex(4)}")
    write_new(draft, data, mode=mode, sync=sync)
    try:
        calls.rename(draft, path)
    except OSError:
        calls.unlink(draft)
        raise


def create(path: calls.StrPath, data: bytes = b"", *, mode: int = 0o600) -> bool:
    """Make a file that nobody has made before, synced; False when there is one."""
    path = Path(path)
    try:
        write_new(path, data, mode=mode)
    except FileExistsError:
        return False
    sync_dir(path.parent)
    return True
