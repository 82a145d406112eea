"""Which job goes next.

Purpose: ``Choosing.fill`` gives free slots work.
Guarantees: suspects run alone and first; new files and deferred jobs take turns, so that neither
starves the other; a job whose file is still being written waits, with no attempt counted.
"""

from typing import TYPE_CHECKING

from runner import spool
from runner.dispatcher.clock import Moment

if TYPE_CHECKING:
    from runner.dispatcher.intake import Intake
    from runner.dispatcher.judge import Judge
    from runner.dispatcher.rooms import Rooms
    from runner.dispatcher.work import Work


class Choosing:
    """Chooses for the free slots."""

    def __init__(self, rooms: "Rooms", judge: "Judge", intake: "Intake", work: "Work") -> None:
        self._rooms = rooms
        self._judge = judge
        self._intake = intake
        self._work = work
        self._deferred_next = True

    def fill(self, now: Moment) -> None:
        """Give every free slot a job, as long as there are jobs."""
        suspects = self._rooms.waiting.suspects()
        if suspects:
            if not self._work.runs:
                self._readmit(suspects[0], now, suspect=True)
            return
        while self._work.free > 0 and self._start_one(now):
            pass

    def _start_one(self, now: Moment) -> bool:
        turns = (self._next_deferred, self._next_new)
        first, second = turns if self._deferred_next else reversed(turns)
        self._deferred_next = not self._deferred_next
        return first(now) or second(now)

    def _next_new(self, now: Moment) -> bool:
        held = self._intake.claim_next(now)
        if held is not None:
            self._work.employ(held, now)
        return held is not None

    def _next_deferred(self, now: Moment) -> bool:
        job = self._rooms.waiting.next_due(now)
        return job is not None and self._readmit(job, now)

    def _readmit(self, job: str, now: Moment, *, suspect: bool = False) -> bool:
        rooms = self._rooms
        got = spool.readmit(rooms.layout, job, runner=rooms.settings.runner_name)
        rooms.waiting.forget(job)  # a busy or vanished one comes back with the next refresh
        if not isinstance(got, spool.Held):
            return False
        rooms.told.readmitted(got.record)
        new = not got.record.accepted and not got.record.attempts
        if new and self._intake.rewritten(got):
            self._judge.defer(got, self._intake.settle_seconds, now)
        elif new and (reason := self._intake.too_large(got.record)):
            self._judge.bury(got, reason, now)
        else:
            self._work.employ(got, now, suspect=suspect)
        return True
