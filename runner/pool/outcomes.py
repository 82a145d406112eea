"""From what is known of a dead worker to the one fact that is reported: its ``Outcome``.

Purpose: ``outcome_of(facts)``; pure and total.
Guarantees: END wins over everything; then what we did to it; then what it confessed, whatever
happened to it on the way out; then how it ended. A reserved exit code without its confession is
a crash, and so is "the daemon went away" while we are here to read it.
"""

import signal
from dataclasses import dataclass

from runner.job.exits import WorkerExit
from runner.job.outcomes import Outcome, OutcomeKind, Refusal
from runner.pool.processes import Exit

REFUSALS = frozenset(Refusal)
CONFESSIONS = {
    kind.value: kind
    for kind in (
        OutcomeKind.REFUSED, OutcomeKind.ENGINE_FAILED, OutcomeKind.OVER_MEMORY,
        OutcomeKind.SPOOL_ERROR,
    )
}  # fmt: skip
"""What a worker may say of itself; anything else is a crash with a reason."""
FATAL = frozenset({
    signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP,
    signal.SIGSYS,
})  # fmt: skip
"""What a program brings upon itself; any other signal was sent by somebody."""


@dataclass(frozen=True, kw_only=True)
class Confession:
    """What a worker said before its exit; not yet believed."""

    kind: str
    code: str
    reason: str
    foreign: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known of a dead worker."""

    exit: Exit
    ordered: bool = True
    end: bool = False
    stopped: OutcomeKind | None = None
    stop_reason: str = ""
    refused: Confession | None = None
    template_died: bool = False
    oom_killed: bool = False
    """The kernel killed somebody for memory while it ran."""


def outcome_of(facts: Facts) -> Outcome:
    """Return the outcome; times, memory and log are the caller's to add."""
    kind, reason, code = _judge(facts)
    foreign = bool(facts.refused and facts.refused.foreign and kind is OutcomeKind.OVER_MEMORY)
    return Outcome(
        kind=kind, reason=reason, code=code, foreign=foreign,
        exit_code=facts.exit.code, signal=facts.exit.signal,
    )  # fmt: skip


def _judge(facts: Facts) -> tuple[OutcomeKind, str, str]:
    if facts.end:
        return OutcomeKind.END, "", ""
    if facts.stopped is not None:
        return facts.stopped, facts.stop_reason, ""
    if facts.refused is not None:
        return _confessed(facts.refused, ordered=facts.ordered)
    if facts.template_died:
        return OutcomeKind.INTERRUPTED, "the template that made the worker died", "template_died"
    kind, reason, code = _by_signal(facts) if facts.exit.signal else _by_code(facts)
    if not facts.ordered and kind is not OutcomeKind.OVER_MEMORY:
        return OutcomeKind.ENGINE_FAILED, f"before it was ready: {reason}", code
    return kind, reason, code


def _confessed(said: Confession, *, ordered: bool) -> tuple[OutcomeKind, str, str]:
    kind = CONFESSIONS.get(said.kind, OutcomeKind.CRASHED)
    if kind is OutcomeKind.REFUSED and said.code not in REFUSALS:
        kind = OutcomeKind.CRASHED
    if kind is OutcomeKind.CRASHED and not ordered:
        kind = OutcomeKind.ENGINE_FAILED
    return kind, said.reason, said.code


def _by_signal(facts: Facts) -> tuple[OutcomeKind, str, str]:
    number = facts.exit.signal or 0
    name = signal_name(number)
    if number == signal.SIGALRM:
        return OutcomeKind.OVERDUE, "the worker's own timer ended it past its deadline", name
    if number == signal.SIGKILL and facts.oom_killed:
        return OutcomeKind.OVER_MEMORY, "the system killed the worker: out of memory", name
    if number in FATAL:
        return OutcomeKind.CRASHED, f"the worker crashed ({name})", name
    reason = f"the worker was killed by another program or the system ({name})"
    return OutcomeKind.CRASHED, reason, name


def _by_code(facts: Facts) -> tuple[OutcomeKind, str, str]:
    code = facts.exit.code
    if code is None:
        return OutcomeKind.CRASHED, "the worker ended, nobody knows how", ""
    if code == WorkerExit.DONE:
        return OutcomeKind.CRASHED, "the worker ended without a result (exit code 0)", "no_end"
    return OutcomeKind.CRASHED, f"the worker ended with exit code {code}", f"exit_{code}"


def signal_name(number: int) -> str:
    """Return ``SIGSEGV`` for 11; numbers without a name keep the number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
