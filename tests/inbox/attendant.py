"""The intake in real time, as the daemon runs it: sleep on the watcher, scan, claim by rename.

Purpose: ``Attendant`` for tests with real droppers and real events.
"""

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from runner.inbox import Scan, Watcher
from runner.inbox.hints import Hint
from tests.inbox.eye import Eye

if TYPE_CHECKING:
    from runner.job.entry import Entry

DEADLINE = 15.0


class Attendant:
    """Claims into ``claimed/`` beside the inbox and remembers when."""

    def __init__(self, eye: Eye) -> None:
        self._eye = eye
        self.claimed: dict[str, float] = {}
        self.entries: dict[str, Entry] = {}
        self.scan = Scan()
        self._folder = eye.inbox.parent / "claimed"
        self._folder.mkdir()

    def turn(self, most: float = 0.2) -> None:
        """Sleep until something is worth a turn, take it, claim what is ready."""
        watcher = self._eye.watcher
        now = time.monotonic()
        pause = min(max((self.scan.next_due or now) - now, 0), most)
        if watcher and select.select([watcher], [], [], pause)[0]:
            watcher.drain()
        self.scan = self._eye.scanner.scan(time.monotonic(), limit=100)
        for entry in self.scan.ready:
            entry.path.rename(self._folder / f"{len(self.claimed)}")
            self.claimed[entry.name] = time.monotonic()
            self.entries[entry.name] = entry

    def until(self, done: Callable[[], bool]) -> None:
        """Take turns until ``done``; fail when that takes too long."""
        end = time.monotonic() + DEADLINE
        while not done():
            assert time.monotonic() < end, f"claimed {self.claimed}, waiting {self.scan.waiting}"
            self.turn()

    def rest(self, seconds: float) -> None:
        """Take turns for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn(most=max(end - time.monotonic(), 0))


def rings(watch: Watcher, seconds: float = 5.0) -> bool:
    """Return whether the watcher wakes us in time."""
    return bool(select.select([watch], [], [], seconds)[0])


def hints(watch: Watcher, *, until: str, seconds: float = 5.0) -> list[Hint]:
    """Collect hints until one for ``until`` has come."""
    found: list[Hint] = []
    end = time.monotonic() + seconds
    while not any(hint.path == until for hint in found):
        assert time.monotonic() < end, found
        if rings(watch, 0.1):
            watch.drain()
        found += watch.take(100)
    return found


def watch_of(eye: Eye) -> Watcher:
    """The scanner's watcher."""
    assert eye.watcher
    return eye.watcher
