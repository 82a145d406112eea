"""From outcome to move: the verdict is asked for, written down and carried out.

Purpose: ``Judge.settle`` ends a job's stay in ``active/``: publish, defer or bury.
Guarantees: an END is believed only if it holds, and it wins over whatever came after it; a
verdict that the disk does not take stays pending and is tried again, with the reserve released
to make room for it; until then the lease is kept, so that nobody else moves.
Diagnostics: a disk that is full or ill sets the ``spool`` brake. What stands in the way of one job
alone (its folder is a mount, all its names are taken) holds nobody else: it is tried again after
growing pauses, and its reason makes health red. A job whose directory somebody removed is let go.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner import spool
from runner.config import Settings
from runner.dispatcher.clock import Moment
from runner.job.end import EndRecord
from runner.job.errors import SpoolError
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import Attempt, JobRecord, Reason
from runner.job.verdict import Law, Trouble, Verdict, VerdictKind, verdict

if TYPE_CHECKING:
    from runner.dispatcher.rooms import Rooms


MAX_PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class _Pending:
    """A verdict on its way to the disk. ``ended`` once the attempt's facts are written."""

    held: spool.Held
    outcome: Outcome
    verdict: Verdict
    ended: bool = False
    end: EndRecord | None = None
    tries: int = 0
    due: float = 0.0
    """Monotonic."""


def law_of(record: JobRecord, settings: Settings) -> Law:
    """Return the limits of one job; its own can only be lower.

    Asked of records of any age, so it reads the one option it needs and validates nothing.
    """
    own = record.options.get("max_attempts")
    return Law(
        max_attempts=min(own or settings.max_attempts, settings.max_attempts),
        retry_seconds=settings.retry_seconds,
        retry_max_seconds=settings.retry_max_seconds,
    )


def as_ended(record: JobRecord, outcome: Outcome, now: Moment) -> JobRecord:
    """Return the record as it will be once the current attempt's end is written."""
    attempt: Attempt | None = record.current
    if attempt is None:
        return record
    ended = attempt.model_copy(update={"ended_at": now.wall, "outcome": outcome.kind.value})
    return record.with_attempt(ended)


def _believed(outcome: Outcome, found: EndRecord | str | None) -> Outcome:
    """Return the outcome in the light of END: a valid one wins, a claimed one must hold."""
    if isinstance(found, EndRecord):
        return replace(outcome, kind=OutcomeKind.END)
    if outcome.kind is OutcomeKind.END:
        reason = found or "the worker said END before it had begun"
        return replace(outcome, kind=OutcomeKind.CRASHED, reason=reason)
    return outcome


def _hindrance(pending: _Pending) -> str:
    return f"job {pending.held.id}"


class Judge:
    """Carries verdicts out, now or as soon as the disk lets it."""

    def __init__(self, rooms: "Rooms") -> None:
        self._rooms = rooms
        self._pending: list[_Pending] = []

    def __len__(self) -> int:
        """Return how many verdicts wait for the disk."""
        return len(self._pending)

    def held(self) -> set[str]:
        """Return the ids of the jobs whose verdicts wait."""
        return {pending.held.id for pending in self._pending}

    def settle(self, held: spool.Held, outcome: Outcome, now: Moment) -> VerdictKind:
        """Decide about a job whose attempt has ended, and move it; the lease goes with it."""
        found = self._end_of(held)
        outcome = _believed(outcome, found)
        law = law_of(held.record, self._rooms.settings)
        decided = verdict(outcome, as_ended(held.record, outcome, now), law)
        self._heed(decided, outcome, now)
        end = found if isinstance(found, EndRecord) else None
        self._try(_Pending(held, outcome, decided, end=end), now)
        return decided.kind

    def bury(self, held: spool.Held, reason: Reason, now: Moment) -> None:
        """Bury a job in which nothing ran: refused at intake, cancelled while it waited."""
        outcome = Outcome(kind=OutcomeKind.REFUSED, code=reason.code, reason=reason.text)
        decided = Verdict(kind=VerdictKind.BURY, reason=reason)
        self._try(_Pending(held, outcome, decided, ended=True), now)

    def defer(self, held: spool.Held, delay: float, now: Moment) -> None:
        """Put a job back in which nothing ran: a writer is still at it, or we are stopping."""
        outcome = Outcome(kind=OutcomeKind.INTERRUPTED)
        decided = Verdict(kind=VerdictKind.DEFER, delay=delay, charged=False)
        self._try(_Pending(held, outcome, decided, ended=True), now)

    def retry_pending(self, now: Moment) -> None:
        """Try again what the disk did not take."""
        waiting, self._pending = self._pending, []
        for pending in waiting:
            if now.mono >= pending.due:
                self._try(pending, now)
            else:
                self._pending.append(pending)
        if waiting and not self._pending:
            self._rooms.brakes.release("spool")

    def _end_of(self, held: spool.Held) -> EndRecord | str | None:
        current = held.record.current
        return spool.valid_end(held, current.number) if current else None

    def _heed(self, decided: Verdict, outcome: Outcome, now: Moment) -> None:
        rooms = self._rooms
        if decided.trouble is Trouble.SPOOL:
            rooms.brakes.spool_failed(outcome.reason or "a worker could not write", now.mono)
        elif decided.trouble is Trouble.ENGINE:
            rooms.brakes.engine_failed(outcome.reason, now.mono)

    def _try(self, pending: _Pending, now: Moment) -> None:
        try:
            self._carry_out(pending, now)
        except SpoolError as error:
            self._hindered(pending, error, now)
        else:
            self._rooms.brakes.release(_hindrance(pending))
            pending.held.close()

    def _hindered(self, pending: _Pending, error: SpoolError, now: Moment) -> None:
        held, brakes = pending.held, self._rooms.brakes
        if not held.path.is_dir():
            brakes.release(_hindrance(pending))
            self._rooms.told.lost(held.record)
            held.close()
            return
        self._pending.append(pending)
        if error.passing:
            spool.release_reserve(self._rooms.layout)
            brakes.spool_failed(str(error), now.mono)
            return
        pending.due = now.mono + min(2**pending.tries, MAX_PAUSE_SECONDS)
        pending.tries += 1
        brakes.set(_hindrance(pending), str(error), until=now.mono)  # told, and holds nothing

    def _carry_out(self, pending: _Pending, now: Moment) -> None:
        held, decided = pending.held, pending.verdict
        if not pending.ended:
            spool.end_attempt(held, pending.outcome, charged=decided.charged, now=now.wall)
            pending.ended = True
        {
            VerdictKind.PUBLISH: self._publish,
            VerdictKind.DEFER: self._defer,
            VerdictKind.BURY: self._bury,
        }[decided.kind](pending, now)

    def _publish(self, pending: _Pending, now: Moment) -> None:
        law, end = self._rooms.publish_law, pending.end
        names = spool.publish(pending.held, law, now=now.wall, end=end)
        self._rooms.told.published(pending.held.record, names, now)

    def _defer(self, pending: _Pending, now: Moment) -> None:
        held, decided = pending.held, pending.verdict
        spool.defer(held, delay=decided.delay, now=now.wall, relief=decided.relief)
        self._rooms.waiting.note(held.record, now)
        self._rooms.told.deferred(held.record, pending.outcome, now)

    def _bury(self, pending: _Pending, now: Moment) -> None:
        held, decided = pending.held, pending.verdict
        reason = decided.reason or Reason(code="unknown", text="no reason was given")
        tail = pending.outcome.log_tail
        spool.bury(held, reason, self._rooms.publish_law, now=now.wall, log_tail=tail)
        self._rooms.told.buried(held.record, reason, now)
