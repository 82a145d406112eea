"""Whose turn it is becomes what the dispatcher gets: ready, refused, or put off.

Purpose: ``Offers.turn(now, limit)`` looks at files in their order until ``limit`` are ready.
Guarantees: bounded; what is offered and not taken is offered again by the next turn. A file
that can only be refused is found soon after it settled, even while nothing can be claimed. A
surprise about one file is contained: it is listed, and the others go on.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runner.inbox.announced import Found
from runner.inbox.containment import REPORT, contained
from runner.inbox.examine import Changed, Examiner, stuck
from runner.inbox.findings import Refused
from runner.inbox.room import Room
from runner.inbox.tickets import Candidate, Wait, read
from runner.job.entry import Entry

ARRIVALS = 2000
"""How many settled files a turn brings into order at most."""
VETTED = 32
"""Looks that a turn takes beyond those that ``limit`` asks for."""
VETTING_PAUSE_SECONDS = 0.1
AGAIN_SECONDS = 1.0
"""When to tell again what the dispatcher has not dealt with."""


@dataclass(slots=True)
class Offer:
    """What one turn found. ``due`` is when the next would find more, if that is known."""

    ready: tuple[Entry, ...] = ()
    refused: tuple[Refused, ...] = ()
    finished: tuple[Path, ...] = ()
    due: float | None = None


@dataclass(slots=True)
class _Basket:
    limit: int
    ready: list[Entry] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    finished: list[Path] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.ready) >= self.limit


class Offers:
    """Looks at the files of ``room``."""

    def __init__(
        self,
        inbox: Path,
        room: Room,
        examiner: Examiner,
        observe: Callable[[str, os.stat_result], None],
    ) -> None:
        self._inbox = inbox
        self._room = room
        self._queues = room.queues
        self._examiner = examiner
        self._observe = observe
        self._offered: dict[int, bytes] = {}
        self._candidates: dict[Path, Candidate] = {}

    @property
    def offered(self) -> int:
        """How many files were ready in the last turn."""
        return len(self._offered)

    def holds(self, key: int) -> bool:
        """Return whether a file was ready in the last turn."""
        return key in self._offered

    def turn(self, now: float, limit: int) -> Offer:
        """Look at what has its turn."""
        self._take_back()
        if not self._queues.advance(now, ARRIVALS):
            return Offer(due=now)  # first the order, then the oldest
        basket = _Basket(limit)
        looks = limit + VETTED
        while not basket.full and looks and (ticket := self._queues.turn()):
            looks -= 1
            self._look(ticket, basket, now, vetting=False)
        vetted = self._vet(basket, now)
        due = now if looks == 0 and not basket.full and self._queues.anything_ready else None
        if due is None and vetted == VETTED:
            due = now + VETTING_PAUSE_SECONDS
        ready, refused = tuple(basket.ready[:limit]), tuple(basket.refused)
        return Offer(ready, refused, tuple(basket.finished), due)

    def _take_back(self) -> None:
        """Let what was offered and is still there have its turn again."""
        for key, ticket in self._offered.items():
            if os.path.lexists(self._inbox / read(ticket).path):
                self._queues.put_back(ticket)
            else:
                self._room.drop(key)
        self._offered.clear()
        self._candidates.clear()

    def _vet(self, basket: _Basket, now: float) -> int:
        """Look at files that are new and far from their turn; return at how many."""
        for looked in range(VETTED):
            ticket = self._queues.unvetted()
            if ticket is None:
                return looked
            if read(ticket).key not in self._offered:
                self._look(ticket, basket, now, vetting=True)
        return VETTED

    def _look(self, ticket: bytes, basket: _Basket, now: float, *, vetting: bool) -> None:
        candidate = read(ticket)
        found = contained(
            lambda: self._examiner.look(candidate, now),
            lambda surprise: stuck(candidate, now, surprise, REPORT),
        )
        if isinstance(found, Wait):
            self._room.put_off(candidate, found)
        elif isinstance(found, Found):
            self._found(ticket, candidate, found, basket, now, vetting=vetting)
        else:
            self._room.drop(candidate.key)
            if isinstance(found, Changed):
                self._observe(candidate.path, found.facts)

    def _found(
        self,
        ticket: bytes,
        candidate: Candidate,
        found: Found,
        basket: _Basket,
        now: float,
        *,
        vetting: bool,
    ) -> None:
        basket.refused += found.refused
        if found.finished:
            basket.finished.append(found.finished)
        for entry in (*found.ready, *(refused.entry for refused in found.refused)):
            self._candidates[entry.path] = candidate
        if not found.ready:
            why = "is refused" if found.refused else "is finished"
            self._room.put_off(candidate, Wait(why, now + AGAIN_SECONDS))
            return
        self._room.waits.forget(candidate.key)
        if not vetting:
            basket.ready += found.ready
            self._offered[candidate.key] = ticket

    def set_back(self, path: Path, now: float, sentence: str, cure: str) -> None:
        """Put the file off (or the form it is part of) whose claim the system refused."""
        candidate = self._candidates.get(path)
        if candidate is not None:
            self._offered.pop(candidate.key, None)
            self._room.put_off(candidate, stuck(candidate, now, sentence, cure))
