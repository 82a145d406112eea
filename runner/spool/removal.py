"""Removing jobs: first out of sight, then away.

Purpose: ``remove`` (an operator forgets a job), ``discard`` (a claim that came to nothing).
Guarantees: one rename to ``staging/.trash-ID`` under the lease, then deletion of a bounded
number of entries; the sweep deletes what is left. A failure's notice goes with its job, if it
is still ours: it would promise that the recording is kept.
"""

from contextlib import suppress

from runner import durable
from runner.job.states import Move, State
from runner.spool.lease import Held
from runner.spool.notice import withdraw

AT_ONCE = 256


def discard(held: Held) -> None:
    """Remove a job's directory and let go of it; what can't be deleted now is swept later."""
    try:
        held.shift(Move.REMOVE, State.TRASH, sync=False)
        with suppress(OSError):
            durable.remove_tree(held.path, budget=AT_ONCE)
    finally:
        held.close()


def remove(held: Held) -> None:
    """Forget a job and its files, durably. What was delivered to the outbox stays."""
    try:
        held.check(Move.REMOVE, State.TRASH)
        withdraw(held)
        held.shift(Move.REMOVE, State.TRASH)
        with suppress(OSError):
            durable.remove_tree(held.path, budget=AT_ONCE)
    finally:
        held.close()
