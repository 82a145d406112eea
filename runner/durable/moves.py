"""Renames, with and without replacing, and the folders they need.

Purpose: ``rename`` (synced), ``move`` and ``replace`` (not synced: a caller with several files
syncs the folder once), ``make_dir``, ``unlink``.
Limits: where a file system has no ``RENAME_NOREPLACE`` a move is link + unlink. A crash between
the two leaves both names, with one inode; whoever resumes must compare inodes.
"""

import errno
import os
from enum import StrEnum
from pathlib import Path

from runner.durable import calls
from runner.durable.files import sync_dir

NO_NATIVE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What ``rename_noreplace`` raises where it can't be had."""


class How(StrEnum):
    """By which call a move is done."""

    RENAME = "rename"
    LINK = "link"


def rename(src: calls.StrPath, dst: calls.StrPath) -> None:
    """Rename and sync the target's folder."""
    calls.rename(src, dst)
    sync_dir(Path(dst).parent)


def replace(
    src: calls.StrPath,
    dst: calls.StrPath,
    *,
    src_dir_fd: int | None = None,
    dst_dir_fd: int | None = None,
) -> None:
    """Rename over whatever has the name; not synced."""
    calls.rename(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


def move(
    src: calls.StrPath,
    dst: calls.StrPath,
    *,
    how: How | None = None,
    dst_dir_fd: int | None = None,
) -> How:
    """Move without ever replacing (``FileExistsError``); not synced.

    ``how`` insists on one call; None tries the rename and falls back to the link.
    """
    if how is not How.LINK:
        try:
            calls.rename_noreplace(src, dst, dst_dir_fd=dst_dir_fd)
        except OSError as error:
            if how is How.RENAME or error.errno not in NO_NATIVE:
                raise
        else:
            return How.RENAME
    try:
        calls.link(src, dst, dst_dir_fd=dst_dir_fd)
    except FileExistsError:
        if not _same_file(src, dst, dst_dir_fd):
            raise
    calls.unlink(src)
    return How.LINK


def _same_file(src: calls.StrPath, dst: calls.StrPath, dst_dir_fd: int | None) -> bool:
    """Return whether a crash between link and unlink left both names."""
    ours, theirs = os.lstat(src), os.stat(dst, dir_fd=dst_dir_fd, follow_symlinks=False)
    return os.path.samestat(ours, theirs)


def make_dir(
    path: calls.StrPath, mode: int, *, dir_fd: int | None = None, sync: bool = True
) -> bool:
    """Make a directory of exactly ``mode``, by default synced; False when it is there already."""
    try:
        calls.mkdir(path, mode, dir_fd=dir_fd)
    except FileExistsError:
        return False
    made = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=dir_fd)
    try:
        calls.chmod(made, mode)
    finally:
        os.close(made)
    if sync:
        sync_dir(Path(path).parent if dir_fd is None else dir_fd)
    return True


def unlink(path: calls.StrPath, *, dir_fd: int | None = None, sync: bool = True) -> None:
    """Remove a name, and by default sync its folder."""
    calls.unlink(path, dir_fd=dir_fd)
    if sync:
        sync_dir(Path(path).parent if dir_fd is None else dir_fd)
