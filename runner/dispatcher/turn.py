"""One turn of the daemon: ``tick(now)``.

Purpose: recover → settle → claim while there is capacity → start → collect → verdict → move.
Guarantees: a turn never sleeps and never waits for a worker; time is passed in. The first turn
recovers before it claims, so that suspects go first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runner.dispatcher.choosing import Choosing
from runner.dispatcher.clock import Moment
from runner.dispatcher.fetching import Fetching
from runner.dispatcher.intake import Intake
from runner.dispatcher.judge import Judge
from runner.dispatcher.recovery import Recovery
from runner.dispatcher.report import Report
from runner.dispatcher.rooms import Rooms
from runner.dispatcher.upkeep import Upkeep
from runner.dispatcher.work import Work
from runner.job.errors import SpoolError
from runner.job.outcomes import OutcomeKind


@dataclass(slots=True)
class _Drain:
    deadline: float
    interrupted: bool = False


class Dispatcher:
    """The parts in their order."""

    def __init__(self, rooms: Rooms, start: Moment) -> None:
        self._rooms = rooms
        self._judge = Judge(rooms)
        self._intake = Intake(rooms, self._judge)
        self._work = Work(rooms, self._judge)
        self._choosing = Choosing(rooms, self._judge, self._intake, self._work)
        self._recovery = Recovery(rooms, self._judge)
        self._upkeep = Upkeep(rooms, self._work, self._judge, self._recovery, start)
        self._report = Report(
            rooms, work=self._work, intake=self._intake, upkeep=self._upkeep,
            recovery=self._recovery, start=start,
        )  # fmt: skip
        self._fetching = Fetching(rooms)
        self._drain: _Drain | None = None

    def tick(self, now: Moment) -> None:
        """Take one turn."""
        for event in self._rooms.pool.tick(now.mono):
            self._work.hear(event, now)
        self._report.pull = self._fetching.turn(now)
        for part in (self._upkeep.beat, self._take_in):
            self._try(part, now)
        if self._drain:
            self._hurry(now)
        self._report.beat(now, draining=self._drain is not None)

    def wakes_at(self, now: Moment) -> float:
        """Return the monotonic instant of the next turn that is worth its while."""
        rooms = self._rooms
        instants = [
            self._upkeep.wakes_at,
            self._report.wakes_at,
            rooms.pool.wakes_at(now.mono),
            rooms.brakes.wakes_at(now.mono),
        ]
        if self._claiming(now):
            instants.append(self._intake.scan.next_due)
            instants.append(rooms.waiting.wakes_at(now))
        if self._drain and not self._drain.interrupted:
            instants.append(self._drain.deadline)
        return min(instant for instant in instants if instant is not None)

    # -- stopping -----------------------------------------------------------------------------

    def drain(self, now: Moment) -> None:
        """Stop claiming; let the workers finish for ``drain_seconds``."""
        if self._drain is None:
            seconds = self._rooms.settings.drain_seconds
            self._drain = _Drain(now.mono + seconds)
            self._rooms.log.info("drain_begun", running=len(self._work.runs), seconds=seconds)
            self._work.hand_back(now)

    def interrupt(self, now: Moment) -> None:
        """Stop at once: running attempts are interrupted, and nobody is charged."""
        self.drain(now)
        if self._drain and not self._drain.interrupted:
            self._drain.interrupted = True
            for run in self._work.runs:
                self._work.stop(run, OutcomeKind.INTERRUPTED, now)

    @property
    def drained(self) -> bool:
        """Whether a drain was asked for and is over."""
        return self._drain is not None and not self._work.runs

    def close(self, now: Moment) -> None:
        """Say the last word and let go of everything."""
        self._judge.retry_pending(now)
        self._fetching.close()
        self._rooms.pool.close()
        self._report.write(now, "stopped")
        self._upkeep.close()

    # -- run --once ---------------------------------------------------------------------------

    def exhausted(self, now: Moment) -> bool:
        """Return whether nothing is running, ready, settling, or due soon."""
        soon = self._rooms.settings.once_wait_seconds
        waiting = self._rooms.waiting
        if self._work.runs or len(self._judge) or self._fetching.busy:
            return False
        if self._rooms.brakes.holding(now.mono):
            # A disk that stumbled or a model on its way is over soon; the rest needs somebody.
            return bool(self._rooms.brakes.names - {"spool", "pull"})
        due = waiting.due_within(soon, now) or waiting.suspects()
        return self._intake.idle and not due

    @property
    def left_over(self) -> bool:
        """Whether jobs or files wait for a later run."""
        scan = self._intake.scan
        stays = scan.troubled_total or scan.blocked_folders
        return bool(len(self._rooms.waiting) or stays or not self._intake.idle)

    # -- parts of a turn ----------------------------------------------------------------------

    def _try(self, part: Callable[[Moment], None], now: Moment) -> None:
        """Take a part of the turn; a disk that is full or stumbles holds intake for a while."""
        try:
            part(now)
        except SpoolError as error:
            if not error.passing:
                raise
            self._rooms.brakes.spool_failed(str(error), now.mono)

    def _claiming(self, now: Moment) -> bool:
        return self._drain is None and not self._rooms.brakes.holding(now.mono)

    def _take_in(self, now: Moment) -> None:
        if not self._claiming(now):
            if self._drain is None:
                self._intake.look(now, slots=False)
            return
        self._intake.look(now, slots=self._work.free > 0)
        self._intake.refuse_some(now)
        self._choosing.fill(now)

    def _hurry(self, now: Moment) -> None:
        assert self._drain is not None  # noqa: S101 - for the type checker
        if now.mono >= self._drain.deadline and not self._drain.interrupted:
            self.interrupt(now)
