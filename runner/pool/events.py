"""What the pool tells the dispatcher: events, each a frozen value.

Purpose: the vocabulary between ``Pool.tick`` and its one reader.
Guarantees: a ref that was asked for ends with exactly one event: ``Lost`` if it never had an
order (before or after ``Ready``), ``Finished`` if it had, whatever happens to the worker.
``EndSeen`` comes before ``Finished``, if at all. ``Progress`` comes at most once a tick and
worker: the newest. Every event has a ``ref``; those about the pool itself have ``NOBODY``.
"""

from dataclasses import dataclass

from runner.job.outcomes import Outcome
from runner.pool.placement import Placement


@dataclass(frozen=True)
class WorkerRef:
    """A worker that was asked for; a number that is never used twice in one pool."""

    number: int


NOBODY = WorkerRef(0)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Devices, slots and threads are known now; before that no worker can be had."""

    ref: WorkerRef = NOBODY
    placement: Placement


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The worker waits for its order."""

    ref: WorkerRef
    pid: int
    model: str
    device: str
    why: str
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


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The attempt is over and its process gone (or written off, see ``SlotLost``).

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
class Orphans:
    """Processes that a worker left behind were killed."""

    ref: WorkerRef = NOBODY
    count: int


@dataclass(frozen=True, kw_only=True)
class SlotLost:
    """A process survives SIGKILL (uninterruptible sleep): its slot is gone until it is."""

    ref: WorkerRef
    pid: int


@dataclass(frozen=True, kw_only=True)
class SlotBack:
    """The process of an earlier ``SlotLost`` has ended."""

    ref: WorkerRef


@dataclass(frozen=True, kw_only=True)
class TemplateChanged:
    """A template's life, for log and status: loading, ready, retired, gone, failed."""

    ref: WorkerRef = NOBODY
    model: str
    state: str
    pid: int
    reason: str = ""


Event = (
    Placed
    | Ready
    | Lost
    | Accepted
    | Length
    | Progress
    | EndSeen
    | Finished
    | Killed
    | Orphans
    | SlotLost
    | SlotBack
    | TemplateChanged
)
