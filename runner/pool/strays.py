"""Processes that dead workers leave behind: found, killed, reaped.

Purpose: ``become_subreaper``, ``OrphanSweep.sweep`` and ``end_strays``.
Guarantees: an orphan is a child of ours that lives in another session than ours and that we
did not start: workers have sessions of their own and no process can join a session, so that
what somebody else in this process started (subprocess in our session) is never touched.
Sweeping goes on until none is left: a killed orphan's own children come to us and are next.
Limits: Linux only. A worker's template is a subreaper too and sweeps its own.
"""

import ctypes
import os
import signal
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from runner.pool.processes import open_pidfd

PR_SET_CHILD_SUBREAPER = 36
PROC = Path("/proc")


def become_subreaper(*, on: bool = True) -> None:
    """Let orphaned descendants come to us instead of to process 1."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(on), 0, 0, 0)


def children() -> set[int]:
    """Return the numbers of all our children, dead ones included."""
    found: set[int] = set()
    with suppress(OSError):
        for task in os.scandir("/proc/self/task"):
            with suppress(OSError):
                found.update(map(int, Path(task.path, "children").read_text().split()))
    return found


class OrphanSweep:
    """Kills what came to us by its parent's death."""

    def __init__(self) -> None:
        become_subreaper()
        self._session = os.getsid(0)
        self._before = children()
        self._killed: set[int] = set()

    def sweep(self, ours: AbstractSet[int]) -> int:
        """Kill and reap every orphan; return how many were met for the first time.

        ``ours`` are the children that we started.
        """
        fresh = 0
        strangers = {pid for pid in children() - ours - self._before if self._is_orphan(pid)}
        for pid in strangers:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)  # our own un-reaped child: the number is its own
            if pid not in self._killed:
                fresh += 1
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)
        self._killed = strangers
        return fresh

    def close(self) -> None:
        """Let orphans go to process 1 again."""
        become_subreaper(on=False)

    @property
    def busy(self) -> bool:
        """Whether the last sweep met any, so that another is due soon."""
        return bool(self._killed)

    def _is_orphan(self, pid: int) -> bool:
        try:
            return os.getsid(pid) != self._session
        except OSError:
            return False


def end_strays(pids: Iterable[int]) -> list[int]:
    """Kill the processes ``pids`` (holders of a lease that nobody should hold), but never us.

    Returns those that were signalled. Their descriptors were looked at a moment ago; a pidfd
    makes sure that the process signalled is one that lived at the time of this call.
    """
    ended: list[int] = []
    for pid in pids:
        if pid in {0, 1, os.getpid(), os.getppid()}:
            continue
        fd = open_pidfd(pid)
        if fd is None:
            continue
        with suppress(OSError):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            ended.append(pid)
        os.close(fd)
    return ended
