"""The busy slots: a job's worker, its order, its end.

Purpose: ``Work.employ`` asks for a worker, ``Work.hear`` follows the pool's events.
Guarantees: an attempt is counted durably before its order is given, and only once a ready
worker is in hand; a transcript is published at END, not when its worker has gone.
"""

from typing import TYPE_CHECKING

from runner import spool
from runner.dispatcher.clock import Moment
from runner.dispatcher.order import order_for
from runner.dispatcher.runs import Run
from runner.job.errors import OptionsError, SpoolError
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import Reason
from runner.options import effective
from runner.pool import (
    Accepted,
    EndSeen,
    Event,
    Finished,
    Killed,
    Length,
    Lost,
    Noted,
    Progress,
    Ready,
    WorkerRef,
)  # fmt: skip

if TYPE_CHECKING:
    from runner.dispatcher.judge import Judge
    from runner.dispatcher.rooms import Rooms


class Work:
    """The busy slots."""

    def __init__(self, rooms: "Rooms", judge: "Judge") -> None:
        self._rooms = rooms
        self._judge = judge
        self._runs: dict[WorkerRef, Run] = {}

    @property
    def runs(self) -> tuple[Run, ...]:
        """The busy slots."""
        return tuple(self._runs.values())

    @property
    def free(self) -> int:
        """How many slots are free; none while a suspect runs or waits for the others to end."""
        if any(run.alone_by_suspicion for run in self._runs.values()):
            return 0
        return self._rooms.pool.slots - len(self._runs)

    def ours(self) -> set[str]:
        """The ids whose leases we hold."""
        return {run.job for run in self._runs.values() if run.held} | self._judge.held()

    def employ(self, held: spool.Held, now: Moment, *, suspect: bool = False) -> None:
        """Ask for a worker for a leased job."""
        rooms = self._rooms
        try:
            options = effective(held.record.options, rooms.settings)
        except OptionsError as error:
            self._judge.bury(held, Reason(code="bad_options", text=str(error)), now)
            return
        configured = options.model == rooms.settings.model
        ref = rooms.pool.request(
            model=None if configured else options.model, cpu=held.record.relief == "cpu"
        )
        self._runs[ref] = Run(
            job=held.id, held=held, ref=ref, options=options, claimed=now.mono,
            alone=suspect or rooms.pool.slots == 1, alone_by_suspicion=suspect,
        )  # fmt: skip

    # -- hearing ------------------------------------------------------------------------------

    def hear(self, event: Event, now: Moment) -> None:
        """Follow one event of the pool."""
        if isinstance(event, Noted):
            self._rooms.told.noted(event)
        run = self._runs.get(event.ref)
        if run is None:
            return
        match event:
            case Ready():
                self._begin(run, event, now)
            case Lost():
                self._lost(run, event.outcome, now)
            case EndSeen():
                self._settle(run, _ended(event, run.wall(now)), now)
            case Finished():
                self._finished(run, event.outcome, now)
            case _:
                self._note(run, event)

    def _note(self, run: Run, event: Event) -> None:
        """Remember how far it is."""
        match event:
            case Accepted():
                if run.held:
                    spool.mark_accepted(run.held)
            case Length():
                run.audio_seconds = event.seconds
            case Progress():
                run.advance(event.phase, event.fraction)
            case Killed():
                self._rooms.told.killed(run.job, event)

    def _begin(self, run: Run, ready: Ready, now: Moment) -> None:
        rooms = self._rooms
        rooms.brakes.engine_up()
        if run.held is None or run.stopping:
            rooms.pool.stop(run.ref, why=OutcomeKind.CANCELLED, now=now.mono)
            return
        run.device, run.pid = ready.device, ready.pid
        try:
            run.attempt = spool.begin(
                run.held, runner=rooms.settings.runner_name, engine=rooms.settings.engine,
                model=ready.model, device=ready.device, how=ready.how, alone=run.alone,
                cage=ready.cage, now=now.wall,
            )  # fmt: skip
            order = order_for(run.held, run.options, run.attempt, rooms.settings)
        except (SpoolError, OSError) as error:
            rooms.pool.stop(run.ref, why=OutcomeKind.CANCELLED, now=now.mono)
            outcome = Outcome(kind=OutcomeKind.SPOOL_ERROR, reason=str(error))
            self._settle(run, outcome, now)
            return
        rooms.pool.order(run.ref, order, lease_fd=run.held.fd, now=now.mono)
        run.started, run.phase = now.mono, "starting"
        rooms.told.started(run.held.record, ready.how, ready.device)

    def _lost(self, run: Run, outcome: Outcome, now: Moment) -> None:
        """The worker never became ready: no attempt was counted, so nobody is charged.

        Whatever it died of, the next one would too: anything but our own doing brakes.
        """
        del self._runs[run.ref]
        rooms = self._rooms
        if outcome.kind is OutcomeKind.CANCELLED:
            self._settle(run, outcome, now)
            return
        if outcome.kind is not OutcomeKind.INTERRUPTED:
            rooms.brakes.engine_failed(outcome.reason, now.mono)
        if run.held is not None:
            held, run.held = run.held, None
            self._judge.defer(held, 0.0, now)

    def _settle(self, run: Run, outcome: Outcome, now: Moment) -> None:
        if run.held is None:
            return
        held, run.held = run.held, None
        if outcome.kind is OutcomeKind.END:
            self._rooms.brakes.engine_worked()
        self._rooms.told.ended(outcome, run.audio_seconds)
        self._judge.settle(held, outcome, now)

    def _finished(self, run: Run, outcome: Outcome, now: Moment) -> None:
        self._settle(run, outcome, now)
        del self._runs[run.ref]

    # -- stopping -----------------------------------------------------------------------------

    def stop(self, run: Run, why: OutcomeKind, now: Moment) -> None:
        """End one run, whatever it is doing."""
        if run.stopping:
            return
        run.stopping = True
        self._rooms.pool.stop(run.ref, why=why, now=now.mono)

    def hand_back(self, now: Moment) -> None:
        """Put back the jobs that wait for a worker: we are stopping."""
        for run in self.runs:
            if run.started is None and run.held is not None:
                held, run.held = run.held, None
                self._judge.defer(held, 0.0, now)
                self.stop(run, OutcomeKind.INTERRUPTED, now)

    def look_for_cancels(self, now: Moment) -> None:
        """End the runs and bury the waiting jobs that somebody asked to cancel."""
        for run in self.runs:
            if run.held is not None and spool.cancelled(run.held):
                self.stop(run, OutcomeKind.CANCELLED, now)
        for job in self._rooms.waiting:
            self._cancel_waiting(job, now)

    def _cancel_waiting(self, job: str, now: Moment) -> None:
        layout = self._rooms.layout
        if not spool.cancel_requested(layout, spool.State.DEFERRED, job):
            return
        got = spool.take(layout, spool.State.DEFERRED, job)
        if isinstance(got, spool.Held):
            self._rooms.waiting.forget(job)
            self._judge.bury(got, Reason(code="cancelled", text="cancelled"), now)


def _ended(event: EndSeen, wall_seconds: float) -> Outcome:
    """The fact that a worker reached END, with what is known of it at that moment."""
    return Outcome(
        kind=OutcomeKind.END, wall_seconds=wall_seconds, peak_memory_bytes=event.peak_memory_bytes
    )
