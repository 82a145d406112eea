"""What can be seen of a spool at this moment: runners, files that wait, jobs.

Purpose: ``look(layout)`` returns a ``View``; ``status`` prints it,
``submit`` and ``demo`` ask it.
Guarantees: takes no lease and changes nothing. Jobs are as their records say; what runs is as
the runners last said.
Limits: at most ``limit`` jobs or files of each kind; the counts are of all.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from itertools import islice
from pathlib import Path

from runner import spool
from runner.config import Settings
from runner.job.printable import printable
from runner.job.record import JobRecord
from runner.job.states import State
from runner.spool import Layout
from runner.telemetry.health import Health, judge
from runner.telemetry.status import STATUS_NAME, Running, Snapshot, WaitingFile, read_status

UNHEARD = "interrupted; goes on when a runner starts"


@dataclass(frozen=True, kw_only=True)
class RunnerSeen:
    """One runner's name, what it says, and whether to believe it."""

    name: str
    alive: bool
    snapshot: Snapshot | None
    health: Health

    @property
    def reports(self) -> Snapshot | None:
        """What it says while it lives."""
        return self.snapshot if self.alive else None


@dataclass(frozen=True, kw_only=True)
class View:
    """A spool, looked at once. ``now`` is the wall clock's second of the look."""

    now: float
    root: Path
    paused: bool
    runners: tuple[RunnerSeen, ...]
    counts: dict[str, int]
    running: tuple[Running, ...]
    waiting: tuple[WaitingFile, ...]
    deferred: tuple[JobRecord, ...]
    failed: tuple[JobRecord, ...]
    damaged: tuple[str, ...]

    @property
    def reporting(self) -> tuple[Snapshot, ...]:
        """What the living runners say."""
        return tuple(seen.reports for seen in self.runners if seen.reports)


def look(layout: Layout, settings: Settings, *, limit: int) -> View:
    """Look at the spool."""
    now = time.time()
    runners = tuple(_runner(layout, name, settings, now) for name in spool.runners(layout))
    said = [seen.reports for seen in runners if seen.reports]
    freshest = max(said, key=lambda s: s.heartbeat, default=None)
    if freshest:
        waiting, total = freshest.waiting[:limit], freshest.counts.get("inbox", 0)
    else:
        found = list(inbox_files(layout, settings))
        waiting, total = tuple(found[:limit]), len(found)
    deferred, failed = (
        _records(layout, State.DEFERRED, limit),
        _records(layout, State.FAILED, limit),
    )
    return View(
        now=now,
        root=layout.root,
        paused=spool.paused(layout),
        runners=runners,
        counts={State.INBOX.value: total, **spool.counts(layout)},
        running=_running(layout, said, now, limit),
        waiting=waiting,
        deferred=tuple(r for r in deferred if isinstance(r, JobRecord)),
        failed=tuple(r for r in failed if isinstance(r, JobRecord)),
        damaged=tuple(r.sentence for r in (*deferred, *failed) if isinstance(r, spool.Damaged)),
    )


def _runner(layout: Layout, name: str, settings: Settings, now: float) -> RunnerSeen:
    alive = spool.runner_alive(layout, name)
    snapshot = read_status(layout.run / name / STATUS_NAME)
    verdict = judge(snapshot, now=now, stale_seconds=settings.stale_seconds, lock_held=alive)
    return RunnerSeen(name=name, alive=alive, snapshot=snapshot, health=verdict)


def _records(layout: Layout, state: State, limit: int) -> list[JobRecord | spool.Damaged]:
    """Return the newest records of a state, newest first."""
    newest = reversed(spool.list_ids(layout, state))
    records = (spool.read(layout, state, job) for job in newest)
    return [record for record in islice(records, limit) if record is not None]


def _running(layout: Layout, said: list[Snapshot], now: float, limit: int) -> tuple[Running, ...]:
    """Return what the runners say, and jobs at work of which none says anything."""
    heard = {job.id: _aged(job, now - s.heartbeat) for s in said for job in s.running}
    silent = [job for job in spool.list_ids(layout, State.ACTIVE) if job not in heard]
    for job in silent[:limit]:
        record = spool.read(layout, State.ACTIVE, job)
        if isinstance(record, JobRecord):
            heard[job] = Running(
                id=job, name=record.name.text, attempt=len(record.attempts),
                phase="starting" if said else UNHEARD,
            )  # fmt: skip
    return tuple(heard.values())


def _aged(job: Running, seconds: float) -> Running:
    """Return what a job has become since its runner spoke, as far as one can guess."""
    seconds = max(seconds, 0.0)
    left = None if job.eta_seconds is None else max(job.eta_seconds - seconds, 0.0)
    elapsed = job.elapsed_seconds + seconds
    return job.model_copy(update={"eta_seconds": left, "elapsed_seconds": elapsed})


def inbox_files(layout: Layout, settings: Settings) -> Iterator[WaitingFile]:
    """Yield what would be found in the inbox, when no runner is there to say it."""
    # The inbox room would know it all, and takes 50 ms to load: too much for a look.
    junk, aside = _any_of(settings.junk_names), _any_of(settings.junk_folders)
    for home, folders, files in os.walk(layout.inbox):
        folders[:] = sorted(folder for folder in folders if not aside(folder))
        beside = set(files)
        for name in sorted(files):
            sidecar = name.endswith((".toml", ".json")) and name[:-5] in beside
            if not junk(name) and not sidecar and name != "_options.toml":
                path = Path(home, name).relative_to(layout.inbox)
                yield WaitingFile(name=printable(str(path)), why="no runner is at work")


def _any_of(patterns: Iterable[str]) -> Callable[[str], object]:
    one = re.compile("|".join(map(translate, patterns)) or "(?!)", re.IGNORECASE)
    return one.match
