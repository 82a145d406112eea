"""Looking into a tree that strangers can change, without ever following a symbolic link.

Purpose: ``folder_of``, ``open_file``, ``facts_of``, all relative to a root directory.
Guarantees: every component is opened with O_NOFOLLOW relative to the one before, so that a
folder swapped for a link meanwhile gives an error, never another place. Opening never blocks
(a FIFO has no writer) and never follows.
Diagnostics: ``OSError`` as the kernel gave it: ENOENT gone, ELOOP or ENOTDIR a link, EACCES.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner import durable

FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextmanager
def folder_of(root: Path, relative: str) -> Iterator[tuple[int, str]]:
    """Give (descriptor of its folder, name) of the file ``root/relative``."""
    folder, _, name = relative.rpartition("/")
    descriptor = durable.open_below(root, folder)
    try:
        yield descriptor, name
    finally:
        os.close(descriptor)


def facts_of(name: str, folder: int) -> os.stat_result:
    """Return the facts of ``name`` itself, never of what it points to."""
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


@contextmanager
def open_file(name: str, folder: int | None = None) -> Iterator[int]:
    """Give a descriptor for reading ``name`` in ``folder``."""
    descriptor = os.open(name, FILE, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def writable(folder: int) -> bool:
    """Return whether names can be taken out of a folder (the kernel decides, by our rights)."""
    if os.access in os.supports_effective_ids:
        return os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True)
    return os.access(".", os.W_OK | os.X_OK, dir_fd=folder)
