"""Who runs on this spool: a lock for each runner's name, one for the leader.

Purpose: ``RunnerLock.acquire`` and ``.lead``; ``runners``; ``runner_alive``.
Guarantees: the kernel frees a lock with its process; the file stays.
Limits: ``runner_alive`` asks for a shared lock for a moment, so ``acquire`` tries a few times.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Self

import portalocker

from runner import durable
from runner.job.errors import SpoolError
from runner.spool.faults import ours
from runner.spool.layout import Layout
from runner.spool.lease import lock

LOCK = "lock"
LEADER = "leader.lock"
TRIES = 10
PAUSE_SECONDS = 0.01


@dataclass
class RunnerLock:
    """A lock file that is ours until it is closed."""

    path: Path
    fd: int

    @classmethod
    def acquire(cls, layout: Layout, name: str) -> Self | None:
        """Become the runner ``name``; None when there is one."""
        home = layout.run / name
        with ours(f"{home}: can't be made"):
            durable.make_dir(home, 0o755)
            for left in home.iterdir():
                if durable.is_leftover(left.name):
                    durable.unlink(left, sync=False)
        for _ in range(TRIES):
            got = cls._open(home / LOCK)
            if got is not None:
                return got
            Event().wait(PAUSE_SECONDS)
        return None

    @classmethod
    def lead(cls, layout: Layout) -> Self | None:
        """Become the leader; None when another runner is."""
        return cls._open(layout.run / LEADER)

    @classmethod
    def _open(cls, path: Path) -> Self | None:
        with ours(f"{path}: can't be opened"):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            if lock(fd):
                os.truncate(fd, 0)
                os.pwrite(fd, b"%d\n" % os.getpid(), 0)  # for people; the lock is what counts
                return cls(path, fd)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        return None

    def close(self) -> None:
        """Give it away."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def runners(layout: Layout) -> list[str]:
    """Return the names of all runners that ever ran here."""
    with ours(f"{layout.run}: can't be listed"):
        return sorted(home.name for home in layout.run.iterdir() if (home / LOCK).exists())


def runner_alive(layout: Layout, name: str) -> bool:
    """Return whether a process holds the lock of the runner ``name``."""
    if not name:
        return False
    try:
        fd = os.open(layout.run / name / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SpoolError(f"{layout.run / name / LOCK}: can't be opened", error.errno) from error
    try:
        portalocker.lock(fd, portalocker.LockFlags.SHARED | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return True
    finally:
        os.close(fd)
    return False
