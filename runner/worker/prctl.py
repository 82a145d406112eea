"""The three things that only Linux's ``prctl`` can do for us.

Limits: raises ``OSError`` where the kernel refuses; to be called only where ``linux_calls`` is on.
"""

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38


def die_with_parent(signal: int) -> None:
    """Let the kernel send us ``signal`` when the thread that made us ends."""
    _call(PR_SET_PDEATHSIG, signal)


def become_subreaper() -> None:
    """Let orphaned descendants come to us."""
    _call(PR_SET_CHILD_SUBREAPER, 1)


def no_new_privileges() -> None:
    """Let no program that we start gain rights by its file's mode."""
    _call(PR_SET_NO_NEW_PRIVS, 1)


def _call(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"prctl({option})")
