"""Waiting for the next attempt: defer, readmit, due, retry.

Purpose: the moves to and from ``deferred/``. The time is on the disk, not in memory.
Guarantees: a job that waits is never lost to a clock: it is due by wall clock, or when that has
gone back, or when it has been seen waiting for its whole delay on the monotonic clock.
"""

import stat
from contextlib import suppress

from runner import durable
from runner.job.record import JobRecord
from runner.job.states import Move, State
from runner.spool.cancel import CANCEL
from runner.spool.faults import ours
from runner.spool.layout import Layout
from runner.spool.lease import Damaged, Held, Untaken, take


def defer(held: Held, *, delay: float, now: float, relief: str = "", suspect: bool = False) -> None:
    """Move the job to ``deferred/`` for ``delay`` seconds."""
    if held.state is not State.DEFERRED:
        held.check(Move.DEFER, State.DEFERRED)
        held.save(held.record.but(deferred_at=now, delay=delay, relief=relief, suspect=suspect))
    held.shift(Move.DEFER, State.DEFERRED)


def due(record: JobRecord, now: float, seen_seconds: float) -> bool:
    """Return whether a deferred job may run: wall clock ``now``, seen waiting ``seen_seconds``."""
    start = record.deferred_at
    return (
        start is None or now >= start + record.delay or now < start or seen_seconds >= record.delay
    )


def readmit(layout: Layout, job: str, *, runner: str = "") -> Held | Untaken | Damaged:
    """Take a deferred job back to ``active/``, on behalf of ``runner``.

    The record names the runner whose death would free the lease, so another one is written
    down first.
    """
    got = take(layout, State.DEFERRED, job)
    if not isinstance(got, Held):
        return got
    try:
        if runner and got.record.runner != runner:
            got.save(got.record.but(runner=runner))
        got.shift(Move.READMIT, State.ACTIVE)
    except BaseException:
        got.close()
        raise
    return got


def _is_recording(held: Held) -> bool:
    """Return whether the source is a file: a link or a pipe was buried for being one."""
    try:
        return stat.S_ISREG(held.source.lstat().st_mode)
    except FileNotFoundError:
        return False


def retry(held: Held, *, now: float) -> bool:
    """Give a dead letter new attempts; False when its recording is not a file any more.

    The reason stays readable until the next attempt begins.
    """
    if held.state is not State.DEFERRED:
        held.check(Move.RETRY, State.DEFERRED)
        record = held.record
        if not _is_recording(held):
            return False
        with ours(f"{held.path}: can't be retried"), suppress(FileNotFoundError):
            durable.unlink(held.path / CANCEL, sync=False)
        held.save(
            record.but(
                counted_from=record.tried + 1, finished_at=None, deliveries=(), publishing=0,
                relief="", suspect=False, deferred_at=now, delay=0.0,
            )
        )  # fmt: skip
    held.shift(Move.RETRY, State.DEFERRED)
    return True
