"""The public status: what a web page may know of all runners on a spool.

Purpose: ``public(snapshots, recent, now=…)`` merges; the leader writes the result.
Guarantees: no path, no process id, no host fact; a job shows its id, its name, how it stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runner.telemetry.status import Snapshot

NEWEST = 200


@dataclass(frozen=True, kw_only=True)
class PublicJob:
    """One job as the page shows it. ``state`` is the folder's name."""

    id: str
    name: str
    state: str
    upload_id: str | None = None
    upload: str | None = None
    folder: str = ""
    claimed_at: float = 0.0
    finished_at: float | None = None
    attempt: int = 0
    outputs: tuple[str, ...] = ()
    """Outbox paths, relative."""
    reason: str = ""
    due_at: float | None = None


def public(
    snapshots: Sequence[Snapshot], recent: Iterable[PublicJob], *, now: float
) -> dict[str, Any]:
    """Return the page's JSON object: runners' condition, counts, the newest jobs."""
    running = {job.id: job for snapshot in snapshots for job in snapshot.running}
    jobs = sorted(recent, key=lambda job: job.id, reverse=True)[:NEWEST]
    return {
        "version": 1,
        "written_at": now,
        "state": _state(snapshots),
        "counts": _counts(snapshots),
        "model": next((s.model for s in snapshots if s.model), ""),
        "model_pull": next((s.model_pull.percent for s in snapshots if s.model_pull), None),
        "jobs": [_job(job, running) for job in jobs],
    }


def _state(snapshots: Sequence[Snapshot]) -> str:
    """The best condition of any: one runner at work is enough for a visitor."""
    rank = ("running", "starting", "paused", "braked", "draining", "stopped")
    return min((s.state for s in snapshots), key=rank.index, default="stopped")


def _counts(snapshots: Sequence[Snapshot]) -> dict[str, int]:
    """Every runner counts the same folders: the freshest count is the truest."""
    freshest = max(snapshots, key=lambda s: s.heartbeat, default=None)
    return dict(freshest.counts) if freshest else {}


def _job(job: PublicJob, running: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in asdict(job).items() if value not in (None, "", (), 0)}
    work = running.get(job.id)
    if work is not None:
        shown["progress"] = round(work.progress, 3)
        shown["eta_seconds"] = work.eta_seconds
        shown["phase"] = work.phase
    return shown
