"""The parent side of the process boundary: makes, watches and ends workers.

Purpose: ``Pool`` and the events it reports; ``end_strays`` for the recovery of leases.
Limits: starts and ends processes, decides nothing about jobs.
"""

from runner.pool.events import (
    NOBODY,
    Accepted,
    EndSeen,
    Event,
    Finished,
    Killed,
    Length,
    Lost,
    Noted,
    Progress,
    Ready,
    WorkerRef,
)
from runner.pool.placement import Placement
from runner.pool.pool import Pool
from runner.pool.strays import end_strays

__all__ = [
    "NOBODY",
    "Accepted",
    "EndSeen",
    "Event",
    "Finished",
    "Killed",
    "Length",
    "Lost",
    "Noted",
    "Placement",
    "Pool",
    "Progress",
    "Ready",
    "WorkerRef",
    "end_strays",
]
