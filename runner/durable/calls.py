"""The raw system calls that change what a crash leaves behind, one tiny function each.

Purpose: one place to stop the world. Everything that renames, links, unlinks or syncs goes
through ``calls.<name>(...)``, looked up at call time, so that a test can die before each one.
Diagnostics: ``OSError`` as the kernel gave it; ``rename_noreplace`` raises ENOSYS where the
system has no such call and EINVAL where the file system has not.
Limits: macOS' ``renameatx_np`` has the same shape and is used there, but is untested here.
"""

import ctypes
import errno
import fcntl
import os
import sys
from collections.abc import Callable
from functools import cache

AT_FDCWD = -2 if sys.platform == "darwin" else -100
_NOREPLACE = 4 if sys.platform == "darwin" else 1
_SYMBOL = "renameatx_np" if sys.platform == "darwin" else "renameat2"

StrPath = str | os.PathLike[str]


def rename(
    src: StrPath,
    dst: StrPath,
    *,
    src_dir_fd: int | None = None,
    dst_dir_fd: int | None = None,
) -> None:
    """Rename, replacing what is there."""
    os.rename(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


def rename_noreplace(src: StrPath, dst: StrPath, *, dst_dir_fd: int | None = None) -> None:
    """Rename, or raise ``FileExistsError``; never replaces."""
    function = _renameat()
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), os.fspath(src))
    folder = AT_FDCWD if dst_dir_fd is None else dst_dir_fd
    if function(AT_FDCWD, os.fsencode(src), folder, os.fsencode(dst), _NOREPLACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), os.fspath(src), None, os.fspath(dst))


@cache
def _renameat() -> Callable[..., int] | None:
    """Return the C library's call, or None where it has none."""
    function = getattr(ctypes.CDLL(None, use_errno=True), _SYMBOL, None)
    if function is None:
        return None
    number, text = ctypes.c_int, ctypes.c_char_p
    function.argtypes = (number, text, number, text, ctypes.c_uint)
    function.restype = number
    found: Callable[..., int] = function
    return found


def link(src: StrPath, dst: StrPath, *, dst_dir_fd: int | None = None) -> None:
    """Give ``src`` a second name; raises ``FileExistsError`` when it is taken."""
    os.link(src, dst, dst_dir_fd=dst_dir_fd, follow_symlinks=False)


def unlink(path: StrPath, *, dir_fd: int | None = None) -> None:
    """Remove a name."""
    os.unlink(path, dir_fd=dir_fd)


def rmdir(path: StrPath, *, dir_fd: int | None = None) -> None:
    """Remove an empty directory."""
    os.rmdir(path, dir_fd=dir_fd)


def mkdir(path: StrPath, mode: int, *, dir_fd: int | None = None) -> None:
    """Make a directory; the umask still applies."""
    os.mkdir(path, mode, dir_fd=dir_fd)


def fsync(fd: int) -> None:
    """Have the device keep what ``fd`` refers to; on macOS down to the platter."""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def open_write(path: StrPath, flags: int, mode: int) -> int:
    """Open for writing; the descriptor is not inherited."""
    return os.open(path, flags | os.O_WRONLY | os.O_CLOEXEC, mode)


def write(fd: int, data: bytes | memoryview) -> int:
    """Write some of ``data``; return how much."""
    return os.write(fd, data)


def chmod(path: StrPath | int, mode: int, *, dir_fd: int | None = None) -> None:
    """Set the mode exactly, past any umask."""
    os.chmod(path, mode, dir_fd=dir_fd)
