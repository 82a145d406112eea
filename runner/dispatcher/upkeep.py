"""What is done once a second and once an hour, beside the jobs.

Purpose: ``Upkeep.each_second`` follows the disk (deferred jobs, cancels, recovery, free space,
the operator's pause); ``Upkeep.each_hour`` forgets what is old. Only the leader prunes and
sweeps.
Guarantees: a bounded amount a turn; nothing is pruned while the clocks disagree.
"""

import os
from typing import TYPE_CHECKING

from runner import spool
from runner.dispatcher.clock import Moment
from runner.job.errors import SpoolError
from runner.job.record import JobRecord
from runner.job.states import State

if TYPE_CHECKING:
    from runner.dispatcher.judge import Judge
    from runner.dispatcher.recovery import Recovery
    from runner.dispatcher.rooms import Rooms
    from runner.dispatcher.work import Work

SECOND = 1.0
PRUNE_SECONDS = 60.0
PRUNE_BUDGET = 200
CLOCKS_MAY_DIFFER_SECONDS = 3600.0


class Upkeep:
    """The slow beat."""

    def __init__(
        self, rooms: "Rooms", work: "Work", judge: "Judge", recovery: "Recovery", start: Moment
    ) -> None:
        self._rooms = rooms
        self._work = work
        self._judge = judge
        self._recovery = recovery
        self._start = start
        self._next_second = start.mono
        self._next_prune = start.mono + PRUNE_SECONDS
        self._leader: spool.RunnerLock | None = None
        self.free_bytes: int | None = None

    @property
    def wakes_at(self) -> float:
        """The monotonic instant of the next beat."""
        return self._next_second

    @property
    def leads(self) -> bool:
        """Whether this runner holds the leader's lock."""
        return self._leader is not None

    def beat(self, now: Moment) -> None:
        """Do what is due."""
        if now.mono < self._next_second:
            return
        self._next_second = now.mono + SECOND
        self._lead()
        self._watch_disk(now)
        self._judge.retry_pending(now)
        self._watch_pause()
        self._recovery.turn(self._work.ours(), now)
        self.follow_deferred(now)
        self._work.look_for_cancels(now)
        if self.leads and now.mono >= self._next_prune:
            self._next_prune = now.mono + PRUNE_SECONDS
            self._forget(now)

    def follow_deferred(self, now: Moment) -> None:
        """Learn which jobs wait in ``deferred/``."""
        layout = self._rooms.layout

        def read(job: str) -> JobRecord | None:
            found = spool.read(layout, State.DEFERRED, job)
            return found if isinstance(found, JobRecord) else None

        self._rooms.waiting.refresh(spool.list_ids(layout, State.DEFERRED), read, now)

    def clocks_agree(self, now: Moment) -> bool:
        """Return whether wall and monotonic time have passed alike since the start."""
        passed = (now.wall - self._start.wall) - (now.mono - self._start.mono)
        return abs(passed) <= CLOCKS_MAY_DIFFER_SECONDS

    def close(self) -> None:
        """Give the lead away."""
        if self._leader:
            self._leader.close()

    def _lead(self) -> None:
        if self._leader is None:
            self._leader = spool.RunnerLock.lead(self._rooms.layout)

    def _watch_disk(self, now: Moment) -> None:
        rooms = self._rooms
        facts = os.statvfs(rooms.layout.root)
        self.free_bytes = facts.f_bavail * facts.f_frsize
        least = rooms.settings.min_free_bytes
        if self.free_bytes < least:
            text = f"{self.free_bytes} bytes free on the spool, min_free_bytes is {least}"
            rooms.brakes.set("disk", text)
            return
        rooms.brakes.release("disk")
        try:
            spool.ensure_reserve(rooms.layout, rooms.settings.reserve_bytes)
        except SpoolError as error:
            rooms.brakes.spool_failed(str(error), now.mono)
            return
        # A reserve that was there all along proves nothing: there must be room for another.
        if not len(self._judge) and self.free_bytes > rooms.settings.reserve_bytes:
            rooms.brakes.release("spool")

    def _watch_pause(self) -> None:
        if spool.paused(self._rooms.layout):
            self._rooms.brakes.set("paused", "paused by the operator")
        else:
            self._rooms.brakes.release("paused")

    def _forget(self, now: Moment) -> None:
        rooms = self._rooms
        keep = rooms.settings.keep_staging_seconds
        spool.sweep_staging(rooms.layout, now=now.wall, keep_seconds=keep, budget=PRUNE_BUDGET)
        if not self.clocks_agree(now) and spool.doubt_clock(rooms.layout):
            rooms.log.warning("prune_withheld", reason="the clock was changed by over an hour")
        if spool.clock_doubted(rooms.layout):
            return
        for doomed in spool.prune(
            rooms.layout, spool.keep_law(rooms.settings), now=now.wall, budget=PRUNE_BUDGET
        ):
            rooms.log.info("pruned", job=doomed.id, what=doomed.what, reason=doomed.why)
