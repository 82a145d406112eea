"""Removing jobs: first out of sight, then away.

Purpose: ``remove`` (an operator forgets a job), ``discard`` (a claim that came to nothing),
``discard_stillborn`` (one that a power cut left without its record).
Guarantees: one rename to ``staging/.trash-ID`` under the lease, then deletion of a bounded
number of entries; the sweep deletes what is left. A failure's notice goes with its job, if it
is still ours: it would promise that the recording is kept.
"""

import os
from contextlib import suppress

from runner import durable
from runner.job.states import Move, State
from runner.spool.faults import ours
from runner.spool.layout import RECORD, Layout
from runner.spool.lease import Held, is_at, lock
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


def discard_stillborn(layout: Layout, job: str) -> bool:
    """Remove a directory of ``active/`` whose record is damaged and that holds nothing else.

    A file is claimed when the record is on the device, so nothing was claimed into this one.
    """
    path = layout.job_dir(State.ACTIVE, job)
    with ours(f"{path}: can't be removed"):
        try:
            fd = durable.open_dir(path)
        except FileNotFoundError:
            return True
        try:
            with os.scandir(fd) as entries:
                names = {entry.name for entry in entries if not durable.is_leftover(entry.name)}
            if names - {RECORD} or not lock(fd) or not is_at(fd, path):
                return False
            trash = layout.job_dir(State.TRASH, job)
            durable.replace(path, trash)
            return durable.remove_tree(trash, budget=AT_ONCE)
        finally:
            os.close(fd)


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
