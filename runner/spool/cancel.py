"""Cancelling: a file in the job's directory, seen by whoever holds the job.

Purpose: ``request_cancel`` from outside, ``cancelled`` and ``cancel_requested`` from inside.
Guarantees: needs no lease, so it reaches a running job; a valid END still wins.
"""

import os

from runner import durable
from runner.job.states import State
from runner.spool.faults import ours
from runner.spool.layout import Layout
from runner.spool.lease import Held

CANCEL = "cancel"


def request_cancel(layout: Layout, job: str) -> bool:
    """Ask that ``job`` stops; False when it neither runs nor waits.

    Looked for twice in both places: it may move while we look.
    """
    for state in (State.ACTIVE, State.DEFERRED) * 2:
        path = layout.job_dir(state, job) / CANCEL
        with ours(f"{path}: can't be made"):
            try:
                durable.create(path)
            except FileNotFoundError:
                continue
            return True
    return False


def cancelled(held: Held) -> bool:
    """Return whether somebody asked that the job stops."""
    return os.path.lexists(held.path / CANCEL)


def cancel_requested(layout: Layout, state: State, job: str) -> bool:
    """The same, without a lease."""
    return os.path.lexists(layout.job_dir(state, job) / CANCEL)
