"""When to walk the inbox, and how far in one turn.

Purpose: ``Rounds`` walks all of it from time to time, and new folders at once.
Guarantees: bounded work a turn; a lost event (overflow) is made good by a walk at once; while
events can't be relied on the walks come at ``poll_seconds``. The pause grows with the length of
the inbox, so that 100,000 waiting files cost a few per cent of one core and not all of it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.config import Settings
from runner.inbox.findings import Trouble
from runner.inbox.junk import Junk
from runner.inbox.room import Room
from runner.inbox.walk import MOST_TROUBLES, Walk
from runner.inbox.watcher import Watcher

BUDGET = 1000
"""Entries a turn; some milliseconds."""
ENTRIES_PER_SECOND = 20_000
"""How long an inbox stretches the pause between walks: one second for so many entries."""

Meet = Callable[[str, int], bool]
Observe = Callable[[str, os.stat_result], None]


class Rounds:
    """The walks of one scanner; ``rooms`` are told where a full one begins and ends."""

    def __init__(
        self,
        inbox: Path,
        settings: Settings,
        *,
        junk: Junk,
        watcher: Watcher | None,
        rooms: Sequence[Room],
        meet: Meet,
        observe: Observe,
    ) -> None:
        self.complete = False
        self.troubles: dict[str, Trouble] = {}
        self._inbox = inbox
        self._settings = settings
        self._junk = junk
        self._watcher = watcher
        self._rooms = rooms
        self._meet = meet
        self._observe = observe
        self._walk: Walk | None = None
        self._again = True
        self._ended_at = float("-inf")
        self._entries = 0

    def also(self, folder: str) -> None:
        """Walk a folder that is new; its watch is set first."""
        if self._walk is None:
            self._walk = self._new([folder])
        else:
            self._walk.also(folder)

    def step(self, now: float) -> None:
        """Walk on, if it is time."""
        if self._watcher and self._watcher.rescan_wanted():
            self._again = True
        if self._walk is None and (self._again or now >= self._ended_at + self._pause(now)):
            self._again = False
            self._walk = self._new([""])
            for room in self._rooms:
                room.begin_walk()
        if self._walk is not None and self._walk.step(BUDGET):
            self._end(self._walk, now)

    def _new(self, folders: list[str]) -> Walk:
        return Walk(
            self._inbox,
            folders,
            junk=self._junk,
            depth=self._settings.folder_depth,
            watch=self._watcher.watch if self._watcher else _unwatched,
            meet=self._meet,
            observe=self._observe,
        )

    def _end(self, walk: Walk, now: float) -> None:
        self._walk = None
        if not walk.full:
            self.troubles |= walk.troubles
            return
        self.troubles = walk.troubles
        for room in self._rooms:
            room.end_walk()
        self._entries = walk.entries
        self._ended_at = now
        self.complete = True

    def _pause(self, now: float) -> float:
        relied_on = self._watcher is not None and self._watcher.covers(now)
        pause = self._settings.rescan_seconds if relied_on else self._settings.poll_seconds
        return max(pause, self._entries / ENTRIES_PER_SECOND)

    def next_due(self, now: float) -> float:
        """Return when the next step is due."""
        if self._walk is not None or self._again:
            return now
        return self._ended_at + self._pause(now)

    def note(self, path: str, trouble: Trouble) -> None:
        """List something that an event told of."""
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles[path] = trouble
        if self._walk:
            self._walk.note(path, trouble)

    def close(self) -> None:
        """Close what a walk holds open."""
        if self._walk:
            self._walk.close()
            self._walk = None


def _unwatched(folder: str) -> bool:
    del folder
    return False
