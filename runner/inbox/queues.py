"""Whose turn it is: the queues of the waiting room.

Purpose: *settling* (in order of first sight, which is the order of becoming due), *ready* (a
heap by ticket: ctime, then path), *later* (a heap by time), *unvetted* (what has become ready
and was not looked at yet).
Guarantees: O(log n) a step. A ticket that is valid no longer is passed over; stale ones are
swept out when they outnumber the files.
"""

import heapq
from collections import deque
from collections.abc import Callable

from runner.inbox.tickets import read


class Queues:
    """Holds tickets; ``valid`` says which still count. ``settle`` is in seconds."""

    def __init__(self, settle: float, valid: Callable[[bytes], bool], *, vetting: bool) -> None:
        self._vetting = vetting
        self._settle = settle
        self._valid = valid
        self._settling: deque[bytes] = deque()
        self._ready: list[bytes] = []
        self._later: list[tuple[float, bytes]] = []
        self._unvetted: deque[bytes] = deque()

    def settle(self, ticket: bytes) -> None:
        """Let a file's quiet period begin. ``since`` never goes back from call to call."""
        self._settling.append(ticket)

    def make_ready(self, ticket: bytes) -> None:
        """Give a file its turn."""
        heapq.heappush(self._ready, ticket)
        if self._vetting:
            self._unvetted.append(ticket)

    def put_back(self, ticket: bytes) -> None:
        """Let a file have its turn again."""
        if self._valid(ticket):
            heapq.heappush(self._ready, ticket)

    def put_off(self, ticket: bytes, due: float) -> None:
        """Let a file have its turn at ``due``."""
        heapq.heappush(self._later, (due, ticket))

    def advance(self, now: float, most: int) -> bool:
        """Make ready what has settled or was put off until now; return whether that was all."""
        for _ in range(most):
            if self._settling and read(self._settling[0]).since + self._settle <= now:
                self._arrive(self._settling.popleft())
            elif self._later and self._later[0][0] <= now:
                self._arrive(heapq.heappop(self._later)[1])
            else:
                return True
        return False

    def _arrive(self, ticket: bytes) -> None:
        if self._valid(ticket):
            self.make_ready(ticket)

    def hurry(self) -> None:
        """Let everything that was put off have its turn now."""
        later, self._later = self._later, []
        for _, ticket in later:
            self._arrive(ticket)

    def turn(self) -> bytes | None:
        """Take the oldest ready file out."""
        while self._ready:
            ticket = heapq.heappop(self._ready)
            if self._valid(ticket):
                return ticket
        return None

    def unvetted(self) -> bytes | None:
        """Return the next file that became ready and was not looked at; it keeps its turn."""
        while self._unvetted:
            ticket = self._unvetted.popleft()
            if self._valid(ticket):
                return ticket
        return None

    @property
    def anything_ready(self) -> bool:
        """Whether ``turn`` may have something."""
        return bool(self._ready)

    def next_due(self) -> float | None:
        """Return when the next file settles or comes back."""
        instants = [self._later[0][0]] if self._later else []
        if self._settling:
            instants.append(read(self._settling[0]).since + self._settle)
        return min(instants, default=None)

    def sweep(self, most: int) -> None:
        """Throw stale tickets out of each queue that holds more than ``most``."""
        if len(self._ready) > most:
            self._ready = [ticket for ticket in self._ready if self._valid(ticket)]
            heapq.heapify(self._ready)
        if len(self._later) > most:
            self._later = [pair for pair in self._later if self._valid(pair[1])]
            heapq.heapify(self._later)
        if len(self._settling) > most:
            self._settling = deque(filter(self._valid, self._settling))
        if len(self._unvetted) > most:
            self._unvetted = deque(filter(self._valid, self._unvetted))
