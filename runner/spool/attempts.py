"""Attempts: counted before they run, ended with facts.

Purpose: ``begin``, ``mark_accepted``, ``end_attempt``.
Guarantees: ``begin`` returns only when the attempt is counted on the device.
Limits: ``mark_accepted`` and ``end_attempt`` change the record in memory; it reaches the disk
with the move that follows. A runner that dies in between leaves an open attempt, which is what
an interruption looks like.
"""

from contextlib import suppress

from runner import durable
from runner.job.errors import SpoolError
from runner.job.outcomes import Outcome
from runner.job.record import Attempt
from runner.spool.faults import ours
from runner.spool.lease import Held

MAX_LOG_TAIL = 64 * 1024
LEFTOVERS = 4096


def begin(
    held: Held, *, runner: str, engine: str, model: str, device: str, how: str, alone: bool,
    now: float, cage: tuple[str, ...] = (),
) -> int:  # fmt: skip
    """Count a new attempt, make its folder, and return its number."""
    record = held.record
    if record.current is not None:
        raise SpoolError(f"{held.path}: attempt {record.current.number} has not ended")
    number = record.tried + 1
    folder = held.attempt_dir(number)
    _forget_older(held)
    with ours(f"{folder}: can't be made"):
        if not durable.make_dir(folder, 0o700, sync=False):  # a begin that was cut off
            durable.remove_tree(folder, budget=LEFTOVERS)
            durable.make_dir(folder, 0o700, sync=False)
    attempt = Attempt(
        number=number, started_at=now, runner=runner, engine=engine, model=model,
        device=device, how=how, alone=alone, cage=tuple(cage),
    )  # fmt: skip
    fresh = record.but(
        runner=runner, deferred_at=None, delay=0.0, reason=None, finished_at=None, log_tail=""
    )
    held.save(fresh.with_attempt(attempt))
    return number


def _forget_older(held: Held) -> None:
    """Remove what earlier attempts left: they had no END, and their facts are in the record."""
    with suppress(OSError):
        for old in held.path.glob("attempt-*"):
            durable.remove_tree(old, budget=LEFTOVERS)


def mark_accepted(held: Held) -> None:
    """Note that the source's data is synced."""
    held.record = held.record.but(accepted=True)


def end_attempt(held: Held, outcome: Outcome, *, charged: bool, now: float) -> None:
    """Write what happened into the last attempt; asked again it corrects itself."""
    record = held.record
    if not record.attempts:
        return
    ended = record.attempts[-1].model_copy(
        update={
            "ended_at": now,
            "charged": charged,
            "outcome": outcome.kind.value,
            "reason": outcome.reason,
            "exit_code": outcome.exit_code,
            "signal": outcome.signal,
            "wall_seconds": outcome.wall_seconds,
            "peak_memory_bytes": outcome.peak_memory_bytes,
        }
    )
    tail = outcome.log_tail[-MAX_LOG_TAIL:] or record.log_tail
    held.record = record.with_attempt(ended).but(log_tail=tail)
