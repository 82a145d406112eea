"""Removing what may be deep, hostile or large, a bounded amount at a time.

Purpose: ``remove_tree``.
Guarantees: never follows a symbolic link; one call removes at most ``budget`` entries; a tree
deeper than ``MAX_DEPTH`` is lifted to the top first, so that depth costs no descriptors.
Diagnostics: ``OSError`` of the entry that can't be removed.
"""

import os
import secrets
import stat
from itertools import islice

from runner.durable import calls
from runner.durable.files import open_dir

MAX_DEPTH = 32


def remove_tree(path: calls.StrPath, *, budget: int) -> bool:
    """Remove up to ``budget`` entries of ``path``, itself last; True when it is gone."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISDIR(mode):
        calls.unlink(path)
        return True
    top = open_dir(path)
    try:
        left = _clear(top, top, 0, budget)
    finally:
        os.close(top)
    if left <= 0:
        return False
    calls.rmdir(path)
    return True


def _clear(here: int, top: int, depth: int, budget: int) -> int:
    """Remove what is in the directory ``here``; return what is left of ``budget``, 0: stopped."""
    while True:
        with os.scandir(here) as entries:
            batch = [(e.name, e.is_dir(follow_symlinks=False)) for e in islice(entries, budget)]
        if not batch:
            return budget
        for name, is_folder in batch:
            if is_folder and depth >= MAX_DEPTH:
                calls.rename(name, f"deep-{secrets.token_hex(8)}", src_dir_fd=here, dst_dir_fd=top)
            elif is_folder:
                budget = _clear_folder(name, here, top, depth, budget)
            else:
                calls.unlink(name, dir_fd=here)
            budget -= 1
            if budget <= 0:
                return 0


def _clear_folder(name: str, here: int, top: int, depth: int, budget: int) -> int:
    """Remove the folder ``name`` of ``here`` with all that is in it, as far as it goes."""
    mode = os.stat(name, dir_fd=here, follow_symlinks=False).st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        calls.chmod(name, stat.S_IRWXU, dir_fd=here)  # a worker may have made it mode 0
    child = open_dir(name, dir_fd=here)
    try:
        left = _clear(child, top, depth + 1, budget)
    finally:
        os.close(child)
    if left > 0:
        calls.rmdir(name, dir_fd=here)
    return left
