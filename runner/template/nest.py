"""The workers of a template: reaped, with all that they leave behind.

Purpose: ``Nest``.
Guarantees: a dead worker's group is killed before its number is free again, then its orphans,
which come to us because we are a subreaper; only then its exit is reported. Orphans of orphans
come with the next SIGCHLD.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from runner.template.link import Link

LAST_SECONDS = 1.0
PAUSE_SECONDS = 0.005


class Nest:
    """Who lives, by process number."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._workers: dict[int, int] = {}
        self._orphans: set[int] = set()
        self._children = Path(f"/proc/self/task/{os.getpid()}/children")

    def add(self, pid: int, number: int) -> None:
        """A worker was made."""
        self._workers[pid] = number

    def reap(self) -> None:
        """Reap all that have ended."""
        while (pid := _next_dead()) is not None:
            number = self._workers.pop(pid, None)
            if number is not None:
                _kill_group(pid)
            _, status, usage = os.wait4(pid, 0)
            self._orphans.discard(pid)
            self._kill_orphans()
            if number is not None:
                self._link.say("exited", worker=number, status=status, max_rss=usage.ru_maxrss)

    def destroy(self) -> None:
        """End everybody; what can't be ended is left behind after a second."""
        for pid in self._workers:
            _kill_group(pid)
        end = time.monotonic() + LAST_SECONDS
        while time.monotonic() < end:
            self.reap()
            if not self._living():
                return
            self._kill_orphans()
            time.sleep(PAUSE_SECONDS)

    def _kill_orphans(self) -> None:
        fresh = self._living() - self._workers.keys()
        for pid in fresh:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # our own un-reaped child
        if count := len(fresh - self._orphans):
            self._link.say("orphans", count=count)
        self._orphans |= fresh

    def _living(self) -> set[int]:
        return set(map(int, self._children.read_text(encoding="ascii").split()))


def _next_dead() -> int | None:
    """Return a child that has ended, without reaping it."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None


def _kill_group(leader: int) -> None:
    """Kill an un-reaped worker and its group, which it may not have founded yet."""
    with suppress(ProcessLookupError):
        os.kill(leader, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
