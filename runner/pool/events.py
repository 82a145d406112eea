"""What the pool tells the dispatcher: events, each a frozen value.

Purpose: the vocabulary between ``Pool.tick`` and its one reader.
Guarantees: a ref that was asked for ends with exactly one event: ``Lost`` if it never had an
order (before or after ``Ready``), ``Finished`` if it had, whatever happens to the worker.
``EndSeen`` comes before ``Finished``, if at all. ``Progress`` comes at most once a tick and
worker: the newest. Every event has a ``ref``; those about the pool itself have ``NOBODY``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from runner.job.outcomes import Outcome


@dataclass(frozen=True)
class WorkerRef:
    """A worker that was asked for; a number that is never used twice in one pool."""

    number: int


NOBODY = WorkerRef(0)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The worker waits for its order."""

    ref: WorkerRef
    pid: int
    model: str
    device: str
    how: str
    """``fork``, ``spawn`` or ``standby``."""
    cage: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The worker was gone before it had an order: no job is touched."""

    ref: WorkerRef
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The source's data is synced: from here on the job can't be lost."""

    ref: WorkerRef


@dataclass(frozen=True, kw_only=True)
class Length:
    """The decoded length of the audio; the deadline has been set by it."""

    ref: WorkerRef
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a phase of the work is, 0 to 1."""

    ref: WorkerRef
    phase: str
    fraction: float


@dataclass(frozen=True, kw_only=True)
class EndSeen:
    """The worker says that its END record is durable: publish now, don't wait for its exit."""

    ref: WorkerRef
    peak_memory_bytes: int = 0
    """The most private memory it was seen with: looked at each second, 0 for a shorter job."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The attempt is over and its process gone (or written off: ``slot_lost``).

    ``outcome.log_tail`` holds the first 16 and the last 64 KiB of what the worker printed.
    """

    ref: WorkerRef
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Killed:
    """We sent a signal to a worker's whole group; for the log line ``worker_killed``."""

    ref: WorkerRef
    pid: int
    signal: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something about the pool itself, for the log.

    ``placed``: devices, slots and threads are known; before that no worker can be had.
    ``template_changed``: loading, ready, retired, gone, failed. ``orphans_killed``: processes that
    workers left behind. ``slot_lost``: a process survives SIGKILL (uninterruptible sleep).
    """

    ref: WorkerRef = NOBODY
    word: str
    level: Literal["info", "warning", "error"] = "info"
    facts: Mapping[str, object]


Event = Ready | Lost | Accepted | Length | Progress | EndSeen | Finished | Killed | Noted
