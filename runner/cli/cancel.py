"""``cancel``: running and waiting jobs by id, files in the inbox by path.

Guarantees: a running job is asked, by a file in its directory, and the answer awaited for a
while; a job that nobody holds is buried here, under its lease. A file of the inbox is claimed
and buried at once: its recording is kept in ``failed/`` like that of any cancelled job.
Limits: a result that is complete first wins.
"""

import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.chosen import EVERYWHERE, Chosen, takes
from runner.cli.front import Unanswered
from runner.cli.jobs import WORDS, Jobs, each, one, standing
from runner.job.exits import CommandExit
from runner.job.ids import new_id
from runner.job.states import State

if TYPE_CHECKING:
    from runner.job.entry import Entry
    from runner.spool import Held, Layout

SIDECARS = (".toml", ".json")
PAUSE_SECONDS = 0.05
MARGIN_SECONDS = 3.0


@takes(*EVERYWHERE)
def cancel(chosen: Chosen, jobs: Jobs) -> int:
    """Stop waiting or running jobs; a file that waits in the inbox is named by its path."""
    layout = standing(chosen.layout)

    def act(text: str) -> str:
        path = _in_inbox(layout, text)
        return _cancel_file(chosen, path) if path else _cancel_job(chosen, *one(layout, text))

    return each(jobs, act)


def _in_inbox(layout: "Layout", text: str) -> Path | None:
    """Return the waiting file that ``text`` names: a path, or one relative to the inbox."""
    inbox = Path(os.path.realpath(layout.inbox))
    for path in (Path(text).absolute(), inbox / text):
        home = Path(os.path.realpath(path.parent))
        if os.path.lexists(path) and home.is_relative_to(inbox):
            return home / path.name
    return None


def _cancel_job(chosen: Chosen, state: State, job: str) -> str:
    from runner import spool

    layout = chosen.layout
    if state in (State.DONE, State.FAILED) or not spool.request_cancel(layout, job):
        raise Unanswered(f"{job}: it is {WORDS[state]} already")
    deadline = time.monotonic() + chosen.settings.kill_grace_seconds + MARGIN_SECONDS
    while time.monotonic() < deadline:
        now = spool.where(layout, job)
        if now is State.FAILED:
            return f"{job}: cancelled"
        if now is State.DONE:
            raise Unanswered(f"{job}: its result was complete first")
        if now is None:
            raise Unanswered(f"{job}: it has just been removed", CommandExit.ABSENT)
        lease = spool.take(layout, now, job) if now is State.DEFERRED else None
        if isinstance(lease, spool.Damaged):
            raise Unanswered(lease.sentence)
        if isinstance(lease, spool.Held):
            _bury(chosen, lease)
        else:
            time.sleep(PAUSE_SECONDS)
    return f"{job}: will be cancelled as soon as a runner sees it"


def _bury(chosen: Chosen, lease: "Held") -> None:
    from runner import spool
    from runner.job.outcomes import OutcomeKind
    from runner.job.record import Reason

    reason = Reason(code=OutcomeKind.CANCELLED.value, text="cancelled")
    with lease:
        spool.bury(lease, reason, spool.PublishLaw.of(chosen.settings), now=time.time())


def _cancel_file(chosen: Chosen, path: Path) -> str:
    from runner import spool

    now = time.time()
    job = new_id(now, secrets.randbits(80))
    lease = spool.claim(chosen.layout, _entry(chosen.layout, path), id=job, runner="", now=now)
    if isinstance(lease, spool.LostRace):
        raise Unanswered(f"{path.name}: it has just been taken; see `status`", CommandExit.BUSY)
    if isinstance(lease, spool.Skipped):
        raise Unanswered(f"{path.name}: {lease.sentence}")
    _bury(chosen, lease)
    return f"{job}: {path.name} is cancelled; the recording is kept"


def _entry(layout: "Layout", path: Path) -> "Entry":
    from runner.job.entry import Entry
    from runner.job.record import GivenName

    facts = path.lstat()
    folder = path.parent.relative_to(os.path.realpath(layout.inbox))
    beside = (path.with_name(path.name + ending) for ending in SIDECARS)
    return Entry(
        path=path,
        folder="" if folder == Path() else str(folder),
        name=path.name,
        display=GivenName.of(path.name),
        size=facts.st_size,
        device=facts.st_dev,
        inode=facts.st_ino,
        ctime_ns=facts.st_ctime_ns,
        sidecar=next((p for p in beside if p.is_file() and not p.is_symlink()), None),
    )
