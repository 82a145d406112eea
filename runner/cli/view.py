"""What can be seen of a spool at this moment: runners, files that wait, jobs.

Purpose: ``look(layout, settings)``, the object of ``status --json``, of which its tables are made
too; ``seen`` is one runner, ``reports`` what the living ones say.
Guarantees: takes no lease and changes nothing. Jobs are as their records say; how far those at
work are, and what waits, is as the runners last said, less what has moved on since: nothing is
shown twice, and each count is of what its rows are of.
Limits: at most ``limit`` jobs or files of each kind; the counts are of all.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from fnmatch import translate
from pathlib import Path
from typing import Any, NamedTuple

from runner import spool
from runner.config import Settings
from runner.job.record import JobRecord
from runner.job.states import State
from runner.spool import Layout
from runner.spool.layout import SOURCE
from runner.telemetry.health import Health, judge
from runner.telemetry.status import STATUS_NAME, Running, Snapshot, WaitingFile, read_status

UNHEARD = "interrupted; goes on when a runner starts"


class RunnerSeen(NamedTuple):
    """One runner's name, whether it lives, what it says, and whether to believe it."""

    name: str
    alive: bool
    snapshot: Snapshot | None
    health: Health

    def as_object(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "name": self.name,
            "alive": self.alive,
            "healthy": self.health.ok,
            "reasons": self.health.reasons,
            "warnings": self.health.warnings,
            "status": self.snapshot.model_dump(mode="json") if self.snapshot else None,
        }


def seen(layout: Layout, settings: Settings, name: str) -> RunnerSeen:
    """Look at one runner and judge it."""
    alive = spool.runner_alive(layout, name)
    said = read_status(layout.run / name / STATUS_NAME)
    stale = settings.stale_seconds
    verdict = judge(said, now=time.time(), stale_seconds=stale, lock_held=alive)
    return RunnerSeen(name, alive, said, verdict)


def everyone(layout: Layout, settings: Settings) -> list[RunnerSeen]:
    """Look at each runner that ever ran here."""
    return [seen(layout, settings, name) for name in spool.runners(layout)]


def reports(runners: Iterable[RunnerSeen]) -> list[Snapshot]:
    """Return what those say who live."""
    return [runner.snapshot for runner in runners if runner.alive and runner.snapshot]


def running_now(said: Iterable[Snapshot], job: str) -> Running | None:
    """Return what is said of a job at work, if anything is."""
    return next((run for snapshot in said for run in snapshot.running if run.id == job), None)


def look(layout: Layout, settings: Settings, *, limit: int) -> dict[str, Any]:
    """Look at the spool."""
    now = time.time()
    runners = everyone(layout, settings)
    said = reports(runners)
    damaged: list[str] = []
    # In this order: a job that moves meanwhile is missed at most, never seen in two places.
    active = spool.list_ids(layout, State.ACTIVE)
    deferred, deferrals = _newest(layout, State.DEFERRED, limit, damaged)
    failed, failures = _newest(layout, State.FAILED, limit, damaged)
    deliveries = len(spool.list_ids(layout, State.DONE))
    running = list(_running(layout, said, active, now, damaged))
    waiting, total = _waiting(layout, settings, said)
    return {
        "version": 1,
        "now": now,
        "spool": str(layout.root),
        "paused": spool.paused(layout),
        "counts": {
            "inbox": total, "active": len(running), "deferred": deferrals, "done": deliveries,
            "failed": failures,
        },
        "runners": [runner.as_object() for runner in runners],
        "running": [job.model_dump(mode="json") for job in running],
        "waiting": [file.model_dump(mode="json") for file in waiting[:limit]],
        "deferred": deferred,
        "failed": failed,
        "damaged": damaged,
    }  # fmt: skip


def _newest(
    layout: Layout, state: State, limit: int, damaged: list[str]
) -> tuple[list[dict[str, Any]], int]:
    """Return the newest jobs of a state, newest first, and how many there are.

    What does not parse is listed.
    """
    jobs = spool.list_ids(layout, state)
    records = [spool.read(layout, state, job) for job in jobs[: -limit - 1 : -1]]
    damaged += [record.sentence for record in records if isinstance(record, spool.Damaged)]
    rows = [_job(record) for record in records if isinstance(record, JobRecord)]
    return rows, len(jobs) - records.count(None)


def _job(record: JobRecord) -> dict[str, Any]:
    """Return the chief facts of a waiting or failed job."""
    last = record.attempts[-1] if record.attempts else None
    due = None if record.deferred_at is None else record.deferred_at + record.delay
    return {
        "id": record.id,
        "name": record.name.text,
        "folder": record.folder.text,
        "upload_id": record.upload_id,
        "upload": record.upload,
        "claimed_at": record.claimed_at,
        "finished_at": record.finished_at,
        "due_at": due,
        "attempts": record.tried,
        "charged": record.charged,
        "code": record.reason.code if record.reason else "",
        "reason": record.reason.text if record.reason else (last.reason if last else ""),
    }


def _running(
    layout: Layout, said: list[Snapshot], active: list[str], now: float, damaged: list[str]
) -> Iterator[Running]:
    """Yield what the runners say, and jobs at work of which none says anything."""
    heard = {job.id: _aged(job, now - s.heartbeat) for s in said for job in s.running}
    for job in heard.values():
        if layout.job_dir(State.ACTIVE, job.id).is_dir():
            yield job
    phase = "starting" if said else UNHEARD
    for job_id in active:
        # Until its recording is there too, a job is an intent, and the file still waits.
        home = layout.job_dir(State.ACTIVE, job_id)
        if job_id in heard or not os.path.lexists(home / SOURCE):
            continue
        record = spool.read(layout, State.ACTIVE, job_id)
        if isinstance(record, spool.Damaged):
            damaged.append(record.sentence)
        if isinstance(record, JobRecord):
            name, folder = record.name.text, record.folder.text
            yield Running(id=job_id, name=name, folder=folder, attempt=record.tried, phase=phase)


def _aged(job: Running, seconds: float) -> Running:
    """Return what a job has become since its runner spoke, as far as one can guess."""
    seconds = max(seconds, 0.0)
    left = None if job.eta_seconds is None else max(job.eta_seconds - seconds, 0.0)
    elapsed = job.elapsed_seconds + seconds
    return job.model_copy(update={"eta_seconds": left, "elapsed_seconds": elapsed})


def _waiting(
    layout: Layout, settings: Settings, said: list[Snapshot]
) -> tuple[list[WaitingFile], int]:
    """Return files that wait, and how many there are."""
    if not said:
        found = list(_inbox_files(layout, settings))
        return found, len(found)
    freshest = max(said, key=lambda snapshot: snapshot.heartbeat)
    here = [file for file in freshest.waiting if _lies(layout, file)]
    gone = len(freshest.waiting) - len(here)
    return here, max(freshest.counts.get("inbox", 0) - gone, len(here))


def _lies(layout: Layout, file: WaitingFile) -> bool:
    """Return whether a file is still where it was; one whose name is not shown as it is passes."""
    path = file.path or file.name
    return "\\" in path or os.path.lexists(layout.inbox / path)


def _inbox_files(layout: Layout, settings: Settings) -> Iterator[WaitingFile]:
    """Yield what would be found in the inbox, when no runner is there to say it."""
    # The inbox room would know it all, and takes 50 ms to load: too much for a look.
    junk, aside = _any_of(settings.junk_names), _any_of(settings.junk_folders)
    for home, folders, files in os.walk(layout.inbox):
        folders[:] = sorted(folder for folder in folders if not aside.match(folder))
        beside = set(files)
        for name in sorted(files):
            sidecar = name.endswith((".toml", ".json")) and name[:-5] in beside
            if not junk.match(name) and not sidecar and name != "_options.toml":
                path = Path(home, name).relative_to(layout.inbox)
                yield WaitingFile(name=str(path), why="no runner is at work")


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)) or "(?!)", re.IGNORECASE)
