"""What is done to a worker because of a clock or of its memory.

Purpose: ``care(worker, law, now)``, called for each worker at each tick.
Limits: one whose template has not made it yet has no process; that wait is the crew's to end.
"""

from dataclasses import dataclass

from runner.job.outcomes import OutcomeKind
from runner.pool.member import LINGER_SECONDS, Worker
from runner.pool.memory import private_bytes
from runner.pool.watch import Clock

MEMORY_SECONDS = 1.0
MIB = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Law:
    """The limits of a pool. ``memory_bytes`` 0: no limit."""

    start_seconds: float
    grace_seconds: float
    memory_bytes: int = 0
    linux: bool = True


def care(worker: Worker, law: Law, now: float) -> None:
    """End it if its time is over or its memory too much; KILL it when its grace is over."""
    worker.press(now)
    if worker.ending is not None:
        return
    if worker.over_since is not None:
        _see_it_off(worker, now)
    elif worker.clock is not None:
        _watch(worker, worker.clock, law, now)
    elif worker.process and worker.cage is None and now - worker.started >= law.start_seconds:
        reason = f"the worker was not ready within {law.start_seconds:g} s"
        worker.stop(OutcomeKind.ENGINE_FAILED, reason, now=now, grace=law.grace_seconds)


def due(worker: Worker, law: Law, now: float) -> float:
    """Return when ``care`` will next have something to do, news apart."""
    instants = [now + MEMORY_SECONDS]
    if worker.process is None:
        return instants[0]
    if worker.ending is not None and worker.ending.killed_at is None:
        instants.append(worker.ending.kill_at)
    elif worker.over_since is not None:
        instants.append(worker.over_since + LINGER_SECONDS)
    elif worker.clock is not None:
        instants.append(worker.clock.due)
    elif worker.cage is None:
        instants.append(worker.started + law.start_seconds)
    return min(instants)


def _see_it_off(worker: Worker, now: float) -> None:
    """It has said its last word, or hung up: it may go by itself for a while."""
    if worker.over_since is None or now - worker.over_since < LINGER_SECONDS:
        return
    if worker.end or worker.refused:
        worker.stop(None, "it lingered after its last word", now=now, grace=0.0)
    else:
        reason = "it closed its connection and lived on"
        worker.stop(OutcomeKind.CRASHED, reason, now=now, grace=0.0)


def _watch(worker: Worker, clock: Clock, law: Law, now: float) -> None:
    over = clock.overrun(now)
    if over is not None:
        kind, reason = over
        worker.stop(kind, reason, now=now, grace=clock.grace_seconds)
    elif law.linux and now - worker.measured >= MEMORY_SECONDS:
        worker.measured = now
        _weigh(worker, law, now)


def _weigh(worker: Worker, law: Law, now: float) -> None:
    """Compare its private memory with its budget; what eats memory gets no grace."""
    size = private_bytes(worker.pid)
    worker.private_bytes = max(worker.private_bytes, size)
    if law.memory_bytes and size > law.memory_bytes:
        reason = f"used {size // MIB} MiB of its own, {law.memory_bytes // MIB} MiB are allowed"
        worker.stop(OutcomeKind.OVER_MEMORY, reason, now=now, grace=0.0)
