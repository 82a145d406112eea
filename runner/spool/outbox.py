"""The outbox: folders mirrored without following links, files moved without replacing.

Purpose: ``enter`` a mirrored folder, find a ``free_number``, ``put`` a file there.
Guarantees: everything below the outbox goes through descriptors of real directories, so that a
symbolic link planted there leads nowhere; a name taken by a stranger is never overwritten
(unless ``replace`` is asked for), a folder name that is of no use to us gets a number as well.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self

from runner import durable
from runner.spool.layout import Layout

MOST_NUMBERS = 10_000
_NO_FOLDER = {errno.ENOTDIR, errno.ELOOP, errno.EACCES}


@dataclass(frozen=True)
class Folder:
    """An open folder of the outbox; ``relative`` is its path from the outbox, ``""`` for itself."""

    fd: int
    relative: str

    def full(self, name: str) -> str:
        """Return ``name`` in this folder, relative to the outbox."""
        return f"{self.relative}/{name}" if self.relative else name

    def has(self, name: str) -> bool:
        """Return whether anything has ``name`` here, a broken link included."""
        try:
            os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.fd)


def visit(layout: Layout, relative: str) -> Folder:
    """Open the folder ``relative`` of the outbox as it is; ``OSError`` where there is none."""
    return Folder(durable.open_below(layout.outbox, relative), relative)


def enter(layout: Layout, relative: str) -> Folder:
    """Open the folder ``relative`` of the outbox, making what is missing of it, synced."""
    here = os.open(layout.outbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    mode = stat.S_IMODE(os.fstat(here).st_mode)
    real: list[str] = []
    try:
        for part in PurePath(relative).parts:
            if part in {"/", ".", ".."}:
                continue
            below, name = _step(here, part, mode)
            os.close(here)
            here = below
            real.append(name)
    except BaseException:
        os.close(here)
        raise
    return Folder(here, "/".join(real))


def _step(here: int, part: str, mode: int) -> tuple[int, str]:
    """Open or make the folder ``part``; take another name when that one is of no use."""
    for number in range(1, MOST_NUMBERS):
        name = part if number == 1 else f"{part}-{number}"
        try:
            durable.make_dir(name, mode, dir_fd=here)
            below = durable.open_dir(name, dir_fd=here)
        except OSError as error:
            if error.errno in _NO_FOLDER:
                continue
            raise
        if os.access(name, os.W_OK | os.X_OK, dir_fd=here, effective_ids=True):
            return below, name
        os.close(below)
    raise OSError(errno.EEXIST, "all numbers are taken", part)


def free_number(folder: Folder, names: Callable[[int], Iterable[str]], *, start: int = 1) -> int:
    """Return the lowest number from ``start`` whose names are all free."""
    for number in count(start):
        if number > MOST_NUMBERS:
            raise OSError(errno.EEXIST, "all numbers are taken")
        if not any(folder.has(name) for name in names(number)):
            return number
    raise AssertionError


def put(src: Path, folder: Folder, name: str, how: str) -> None:
    """Move ``src`` to ``name``; ``how`` is that of a ``Delivery``. Not synced."""
    if how == "replace":
        durable.replace(src, name, dst_dir_fd=folder.fd)
    else:
        durable.move(src, name, how=durable.How(how), dst_dir_fd=folder.fd)


def make_readable(src: Path, folder: Folder, mode: int) -> int:
    """Give a file the folder's group and ``mode`` before it becomes visible; return its inode."""
    fd = os.open(src, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a group we are not in
            os.fchown(fd, -1, os.fstat(folder.fd).st_gid)
        os.fchmod(fd, mode)
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)
