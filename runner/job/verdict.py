"""From outcome to verdict: the law, as one pure total function.

Purpose: ``verdict(outcome, record, law)`` says what follows an attempt.
Guarantees: total over ``OutcomeKind``; touches nothing, reads no clock.
The record passed in already holds the ended attempt with ``charged`` still True;
``Verdict.charged`` says whether it stays so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import JobRecord, Reason


class VerdictKind(StrEnum):
    """What follows."""

    PUBLISH = "publish"
    DEFER = "defer"
    BURY = "bury"


class Trouble(StrEnum):
    """A fault of ours that stops claiming until it is over."""

    NONE = ""
    SPOOL = "spool"
    ENGINE = "engine"


@dataclass(frozen=True, kw_only=True)
class Law:
    """The limits that a verdict applies (from settings and the job's own lower ones)."""

    max_attempts: int = 3
    retry_seconds: float = 10.0
    retry_max_seconds: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do with a job. ``delay`` in seconds; ``relief`` changes the next attempt."""

    kind: VerdictKind
    reason: Reason | None = None
    delay: float = 0.0
    charged: bool = True
    relief: str = ""
    trouble: Trouble = Trouble.NONE


def _publish(_outcome: Outcome, _record: JobRecord, _law: Law) -> Verdict:
    return Verdict(kind=VerdictKind.PUBLISH)


def _refused(outcome: Outcome, _record: JobRecord, _law: Law) -> Verdict:
    return _bury(outcome.code or outcome.kind, outcome.reason)


def _bury(code: str, text: str) -> Verdict:
    return Verdict(kind=VerdictKind.BURY, reason=Reason(code=code, text=text))


def backoff(charged: int, law: Law) -> float:
    """Return the pause after the ``charged``-th charged attempt, in seconds."""
    doublings = min(max(charged - 1, 0), 30)
    return float(min(law.retry_seconds * 2**doublings, law.retry_max_seconds))


def _crashed(outcome: Outcome, record: JobRecord, law: Law) -> Verdict:
    charged = record.charged
    if charged >= law.max_attempts:
        return _bury(outcome.kind, f"{outcome.reason} (attempt {charged} of {law.max_attempts})")
    last_on_cpu = outcome.accelerator and charged + 1 >= law.max_attempts
    return Verdict(
        kind=VerdictKind.DEFER,
        delay=backoff(charged, law),
        relief="cpu" if last_on_cpu else record.relief,
    )


def _over_memory(outcome: Outcome, record: JobRecord, law: Law) -> Verdict:
    if outcome.foreign:
        pause = backoff(record.tried, law)
        return Verdict(kind=VerdictKind.DEFER, delay=pause, charged=False)
    if record.runs_of(outcome.kind) >= min(2, law.max_attempts):
        return _bury(outcome.kind, outcome.reason)
    relief = "cpu" if outcome.accelerator else "beam"
    return Verdict(kind=VerdictKind.DEFER, delay=backoff(record.charged, law), relief=relief)


def _too_slow(outcome: Outcome, record: JobRecord, law: Law) -> Verdict:
    runs = record.runs_of(OutcomeKind.OVERDUE, OutcomeKind.STALLED)
    if runs >= min(2, law.max_attempts) or record.charged >= law.max_attempts:
        return _bury(outcome.kind, outcome.reason)
    return _crashed(outcome, record, law)


def _refund(trouble: Trouble) -> "Rule":
    def rule(_outcome: Outcome, record: JobRecord, _law: Law) -> Verdict:
        return Verdict(kind=VerdictKind.DEFER, charged=False, trouble=trouble, relief=record.relief)

    return rule


def _interrupted(outcome: Outcome, record: JobRecord, law: Law) -> Verdict:
    """Nobody pays, except a job that ran alone when the daemon died."""
    current = record.attempts[-1] if record.attempts else None
    alone = bool(current and current.alone) and outcome.code == "daemon_died"
    if not alone:
        return _refund(Trouble.NONE)(outcome, record, law)
    if record.charged >= law.max_attempts:
        text = f"the runner died {record.charged} times while it worked on this file alone"
        return _bury("poison", text)
    return Verdict(kind=VerdictKind.DEFER, relief=record.relief)


def _engine_failed(outcome: Outcome, record: JobRecord, law: Law) -> Verdict:
    """The first time nobody pays: the device may have gone.

    Again, it is the job's doing: a worker has come up since, or this attempt had not begun.
    """
    counted = (a for a in record.attempts if a.number >= record.counted_from)
    if sum(a.outcome == OutcomeKind.ENGINE_FAILED for a in counted) > 1:
        return _crashed(outcome, record, law)
    return _refund(Trouble.ENGINE)(outcome, record, law)


def _cancelled(_outcome: Outcome, _record: JobRecord, _law: Law) -> Verdict:
    return _bury(OutcomeKind.CANCELLED, "cancelled")


Rule = Callable[[Outcome, JobRecord, Law], Verdict]

RULES: dict[OutcomeKind, Rule] = {
    OutcomeKind.END: _publish,
    OutcomeKind.REFUSED: _refused,
    OutcomeKind.CRASHED: _crashed,
    OutcomeKind.OVER_MEMORY: _over_memory,
    OutcomeKind.OVERDUE: _too_slow,
    OutcomeKind.STALLED: _too_slow,
    OutcomeKind.SPOOL_ERROR: _refund(Trouble.SPOOL),
    OutcomeKind.ENGINE_FAILED: _engine_failed,
    OutcomeKind.INTERRUPTED: _interrupted,
    OutcomeKind.CANCELLED: _cancelled,
}


def verdict(outcome: Outcome, record: JobRecord, law: Law) -> Verdict:
    """Say what follows ``outcome`` for the job of ``record``."""
    return RULES[outcome.kind](outcome, record, law)
