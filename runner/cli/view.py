"""What can be seen of a spool at this moment: runners, files that wait, jobs.

Purpose: ``look(layout, settings)``, the object of ``status --json``, of which its tables are made
too; ``seen`` is one runner, ``reports`` what the living ones say.
Guarantees: takes no lease and changes nothing. Jobs are as their records say; what runs is as
the runners last said.
Limits: at most ``limit`` jobs or files of each kind; the counts are of all.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from fnmatch import translate
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from runner import spool
from runner.config import Settings
from runner.job.record import JobRecord
from runner.job.states import State
from runner.spool import Layout
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
    if said:
        freshest = max(said, key=lambda snapshot: snapshot.heartbeat)
        waiting, total = list(freshest.waiting[:limit]), freshest.counts.get("inbox", 0)
    else:
        found = list(_inbox_files(layout, settings))
        waiting, total = found[:limit], len(found)
    damaged: list[str] = []
    return {
        "version": 1,
        "now": now,
        "spool": str(layout.root),
        "paused": spool.paused(layout),
        "counts": {"inbox": total, **spool.counts(layout)},
        "runners": [runner.as_object() for runner in runners],
        "running": [job.model_dump(mode="json") for job in _running(layout, said, now, limit)],
        "waiting": [file.model_dump(mode="json") for file in waiting],
        "deferred": _newest(layout, State.DEFERRED, limit, damaged),
        "failed": _newest(layout, State.FAILED, limit, damaged),
        "damaged": damaged,
    }


def _newest(layout: Layout, state: State, limit: int, damaged: list[str]) -> list[dict[str, Any]]:
    """Return the newest jobs of a state, newest first; what does not parse is listed."""
    jobs = reversed(spool.list_ids(layout, state))
    records = list(islice(filter(None, (spool.read(layout, state, job) for job in jobs)), limit))
    damaged += [record.sentence for record in records if isinstance(record, spool.Damaged)]
    return [_job(record) for record in records if isinstance(record, JobRecord)]


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
        "attempts": len(record.attempts),
        "charged": record.charged,
        "code": record.reason.code if record.reason else "",
        "reason": record.reason.text if record.reason else (last.reason if last else ""),
    }


def _running(layout: Layout, said: list[Snapshot], now: float, limit: int) -> Iterator[Running]:
    """Yield what the runners say, and jobs at work of which none says anything."""
    heard = {job.id: _aged(job, now - s.heartbeat) for s in said for job in s.running}
    yield from heard.values()
    phase = "starting" if said else UNHEARD
    silent = (job for job in spool.list_ids(layout, State.ACTIVE) if job not in heard)
    for job in islice(silent, limit):
        record = spool.read(layout, State.ACTIVE, job)
        if isinstance(record, JobRecord):
            number = len(record.attempts)
            yield Running(id=job, name=record.name.text, attempt=number, phase=phase)


def _aged(job: Running, seconds: float) -> Running:
    """Return what a job has become since its runner spoke, as far as one can guess."""
    seconds = max(seconds, 0.0)
    left = None if job.eta_seconds is None else max(job.eta_seconds - seconds, 0.0)
    elapsed = job.elapsed_seconds + seconds
    return job.model_copy(update={"eta_seconds": left, "elapsed_seconds": elapsed})


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
