"""Recover: a job whose runner is gone goes on where it stopped.

Purpose: ``recover`` for a job in ``active/`` (or a burial begun in ``deferred/``) whose lease
was free.
Guarantees: idempotent; may itself be stopped anywhere and asked again. A move that was begun is
finished; a valid END is published; else the source decides: present, the job waits for its next
attempt; absent and nothing ever begun, nothing was claimed; absent after that, it is buried.
Who pays: nobody, unless the job ran alone when the runner died (``job.verdict``).
"""

import os
from dataclasses import dataclass
from enum import StrEnum

from runner import durable
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import Reason
from runner.job.states import State
from runner.job.verdict import Law, VerdictKind, verdict
from runner.spool.attempts import end_attempt
from runner.spool.burial import bury, is_buried
from runner.spool.cancel import cancelled
from runner.spool.ends import valid_end
from runner.spool.faults import ours
from runner.spool.lease import Held
from runner.spool.plan import PublishLaw
from runner.spool.publishing import publish
from runner.spool.removal import remove
from runner.spool.sidecar import bring_sidecar
from runner.spool.waiting import defer

DIED = "daemon_died"


class Recovery(StrEnum):
    """Which way a recovered job went."""

    PUBLISHED = "published"
    BURIED = "buried"
    DEFERRED = "deferred"
    REMOVED = "removed"


@dataclass(frozen=True)
class Recovered:
    """What recovery did. ``names`` were delivered now or before."""

    how: Recovery
    suspect: bool = False
    names: tuple[str, ...] = ()
    reason: Reason | None = None

    def __str__(self) -> str:
        return self.how.value


def recover(
    held: Held, *, law: Law, publish_law: PublishLaw, now: float, unclean: bool = True
) -> Recovered:
    """Bring a job in order. ``unclean``: its runner did not stop of its own accord."""
    _tidy(held)
    bring_sidecar(held)
    record = held.record
    if record.publishing:
        return Recovered(Recovery.PUBLISHED, names=tuple(publish(held, publish_law, now=now)))
    if is_buried(record) and record.reason is not None:
        return _bury(held, record.reason, publish_law, now)
    if held.state is State.DEFERRED:
        return Recovered(Recovery.DEFERRED, suspect=record.suspect)
    if record.attempts and record.deferred_at is None:
        end = valid_end(held, record.attempts[-1].number)
        if not isinstance(end, str):
            names = publish(held, publish_law, now=now, end=end)
            return Recovered(Recovery.PUBLISHED, names=tuple(names))
    return _by_source(held, law, publish_law, now, unclean=unclean)


def _tidy(held: Held) -> None:
    """Drop what writes that were cut off have left."""
    with ours(f"{held.path}: can't be tidied"):
        for path in held.path.iterdir():
            if durable.is_leftover(path.name):
                durable.unlink(path, sync=False)


def _by_source(
    held: Held, law: Law, publish_law: PublishLaw, now: float, *, unclean: bool
) -> Recovered:
    """There is no END, so the source decides."""
    present = os.path.lexists(held.source)
    if not present and not held.record.attempts:
        remove(held)
        return Recovered(Recovery.REMOVED)
    if held.record.current is not None:
        decided = _interrupt(held, law, now, unclean=unclean)
        if decided is not None:
            return _bury(held, decided, publish_law, now)
    if not present:
        gone = Reason(code="vanished", text="source vanished: the recording is no longer there")
        return _bury(held, gone, publish_law, now)
    if cancelled(held):
        reason = Reason(code=OutcomeKind.CANCELLED.value, text="cancelled")
        return _bury(held, reason, publish_law, now)
    return _put_back(held, now, unclean=unclean)


def _interrupt(held: Held, law: Law, now: float, *, unclean: bool) -> Reason | None:
    """End the open attempt by the law; return why the job is to be buried, if it is."""
    outcome = Outcome(
        kind=OutcomeKind.INTERRUPTED,
        code=DIED if unclean else "stopped",
        reason="the runner died" if unclean else "the runner stopped",
    )
    end_attempt(held, outcome, charged=True, now=now)
    decided = verdict(outcome, held.record, law)
    end_attempt(held, outcome, charged=decided.charged, now=now)
    return decided.reason if decided.kind is VerdictKind.BURY else None


def _bury(held: Held, reason: Reason, law: PublishLaw, now: float) -> Recovered:
    bury(held, reason, law, now=now)
    return Recovered(Recovery.BURIED, reason=reason)


def _put_back(held: Held, now: float, *, unclean: bool) -> Recovered:
    """Back to ``deferred/``, due now; a defer that was begun keeps its delay and its name."""
    record = held.record
    if record.deferred_at is not None:
        delay, since, suspect = record.delay, record.deferred_at, record.suspect
    else:
        delay, since, suspect = 0.0, now, unclean
    defer(held, delay=delay, now=since, relief=record.relief, suspect=suspect)
    return Recovered(Recovery.DEFERRED, suspect=suspect)
