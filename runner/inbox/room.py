"""The waiting room: every file that was seen and not taken, in little memory.

Purpose: ``Room`` remembers since when a file has not changed, and why one has no turn.
Guarantees: about 200 bytes a file with its name (a test measures it). "Unchanged" is our own
observation of inode, size and ctime; the time is the caller's monotonic one. A job costs the
same before 100 and before 100,000 waiting files.
How: ``_seen`` holds one ticket a file; a ticket in a queue is valid while ``_seen`` holds that
very object. Replacing it there makes its copies in the queues stale at no cost.
Limits: a file that disappears is noticed when its turn comes or by the next full walk.
"""

import os
from collections.abc import Iterator
from itertools import islice

from runner.inbox.marks import Marks
from runner.inbox.queues import Queues
from runner.inbox.tickets import Candidate, Wait, key_of, mark_of, read, write
from runner.inbox.waits import Waits

SLACK = 1000
"""Stale tickets that a queue may hold beyond as many as there are files."""


class Room:
    """The files waiting. ``settle`` is the quiet period before the first look, in seconds.

    ``vetting``: whether what becomes ready is also queued for an early look.
    """

    def __init__(self, settle: float, *, vetting: bool = True) -> None:
        self.settle_seconds = settle
        self.queues = Queues(settle, self.valid, vetting=vetting)
        self.waits = Waits()
        self._seen: dict[int, bytes] = {}
        self._marks = Marks()

    def __len__(self) -> int:
        return len(self._seen)

    def valid(self, ticket: bytes) -> bool:
        """Return whether this very ticket is what is known of its file."""
        return self._seen.get(read(ticket).key) is ticket

    def meet(self, path: str, inode: int) -> bool:
        """Return whether a walk met a file that is known; its facts are looked at in its turn."""
        ticket = self._seen.get(key_of(path, inode))
        if ticket is None:
            return False
        self._marks.touch(mark_of(ticket))
        return True

    def recall(self, path: str, facts: os.stat_result) -> Candidate | None:
        """Return what is known of a file if ``facts`` are still those that were seen."""
        ticket = self._seen.get(key_of(path, facts.st_ino))
        known = read(ticket) if ticket is not None else None
        return known if known and known.matches(facts) else None

    def observe(
        self, path: str, facts: os.stat_result, now: float, *, renamed: bool = False
    ) -> Candidate:
        """Note the facts of a file now; return what is known of it."""
        key = key_of(path, facts.st_ino)
        ticket = self._seen.get(key)
        known = read(ticket) if ticket is not None else None
        if known is None or not known.matches(facts):
            mark = known.mark if known else self._marks.new()
            inode, size, ctime = facts.st_ino, facts.st_size, facts.st_ctime_ns
            known = Candidate(path, ctime, inode, size, now, renamed, mark)
            self._admit(key, known, at_once=renamed)
        elif (renamed and not known.renamed) or key in self.waits:
            # Something happened to a file that was looked at: look again now, not later.
            known = known._replace(renamed=renamed or known.renamed)
            self._admit(key, known, at_once=True)
        self._marks.touch(known.mark)
        return known

    def _admit(self, key: int, candidate: Candidate, *, at_once: bool) -> None:
        ticket = self._replace(key, candidate)
        if at_once:
            self.queues.make_ready(ticket)
        else:
            self.queues.settle(ticket)

    def _replace(self, key: int, candidate: Candidate, wait: Wait | None = None) -> bytes:
        """Make a new ticket the valid one; remember or forget why the file waits."""
        ticket = self._seen[key] = write(candidate)
        if wait:
            self.waits.put(key, wait)
        else:
            self.waits.forget(key)
        return ticket

    def put_off(self, candidate: Candidate, wait: Wait) -> None:
        """Let a file have its turn again when ``wait.due`` comes."""
        if candidate.key in self._seen:
            self.queues.put_off(self._replace(candidate.key, candidate, wait), wait.due)

    def drop(self, key: int) -> None:
        """Forget a file that is gone."""
        ticket = self._seen.pop(key, None)
        if ticket is not None:
            self._marks.give_back(mark_of(ticket))
            self.waits.forget(key)

    def begin_walk(self) -> None:
        """From here on note what a full walk meets."""
        self._marks.begin()

    def end_walk(self) -> None:
        """Forget what the walk that ends did not meet."""
        touched = self._marks.touched
        for key in [key for key, ticket in self._seen.items() if not touched(mark_of(ticket))]:
            self.drop(key)
        self.queues.sweep(2 * len(self._seen) + SLACK)

    @property
    def unsettled(self) -> int:
        """How many may become ready by themselves."""
        return len(self._seen) - self.waits.stuck

    def newest(self, most: int) -> Iterator[tuple[Candidate, Wait | None]]:
        """Give the files that were seen last, and why they wait, if they were looked at."""
        for key, ticket in islice(reversed(self._seen.items()), most):
            yield read(ticket), self.waits.get(key)

    def listed(self) -> Iterator[tuple[Candidate, Wait]]:
        """Give the files that wait for a person, with the cure."""
        for key, wait in self.waits.all_listed():
            yield read(self._seen[key]), wait
