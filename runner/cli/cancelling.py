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

from runner.cli.jobs import Unanswered, one, standing
from runner.cli.moving import WHERE, each
from runner.job.entry import Entry
from runner.job.exits import CommandExit
from runner.job.ids import new_id
from runner.job.outcomes import OutcomeKind
from runner.job.printable import printable
from runner.job.record import GivenName, Reason
from runner.job.states import State

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.spool import Layout, PublishLaw

REASON = Reason(code=OutcomeKind.CANCELLED.value, text="cancelled")
SIDECARS = (".toml", ".json")
WAITING = (State.ACTIVE, State.DEFERRED)
PAUSE_SECONDS = 0.05
MARGIN_SECONDS = 3.0


def cancel(chosen: "Chosen", jobs: list[str]) -> CommandExit:
    """Cancel each."""
    from runner.spool import PublishLaw

    layout, law = standing(chosen.layout), PublishLaw.of(chosen.settings)
    patience = chosen.settings.kill_grace_seconds + MARGIN_SECONDS

    def act(text: str) -> str:
        path = _in_inbox(layout, text)
        return _cancel_file(layout, path, law) if path else _cancel_job(layout, text, law, patience)

    return each(jobs, act)


def _in_inbox(layout: "Layout", text: str) -> Path | None:
    """Return the waiting file that ``text`` names: a path, or one relative to the inbox."""
    inbox = Path(os.path.realpath(layout.inbox))
    for path in (Path(text).absolute(), inbox / text):
        home = Path(os.path.realpath(path.parent))
        if os.path.lexists(path) and home.is_relative_to(inbox):
            return home / path.name
    return None


def _cancel_job(layout: "Layout", text: str, law: "PublishLaw", patience: float) -> str:
    from runner import spool

    state, job = one(layout, text)
    if state not in WAITING or not spool.request_cancel(layout, job):
        raise Unanswered(f"{job}: it is {WHERE[_where(layout, job)]} already")
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        state = _where(layout, job)
        if state is State.DEFERRED:
            _bury(layout, job, law)
        elif state is State.FAILED:
            return f"{job}: cancelled"
        elif state is State.DONE:
            raise Unanswered(f"{job}: its result was complete first")
        else:
            time.sleep(PAUSE_SECONDS)
    return f"{job}: will be cancelled as soon as a runner sees it"


def _where(layout: "Layout", job: str) -> State:
    from runner import spool

    state = spool.where(layout, job)
    if state is None:
        raise Unanswered(f"{job}: it has just been removed", CommandExit.ABSENT)
    return state


def _bury(layout: "Layout", job: str, law: "PublishLaw") -> None:
    """Bury a waiting job, unless somebody has just taken it."""
    from runner import spool

    lease = spool.take(layout, State.DEFERRED, job)
    if isinstance(lease, spool.Damaged):
        raise Unanswered(lease.sentence)
    if isinstance(lease, spool.Held):
        with lease:
            spool.bury(lease, REASON, law, now=time.time())
    else:
        time.sleep(PAUSE_SECONDS)


def _cancel_file(layout: "Layout", path: Path, law: "PublishLaw") -> str:
    from runner import spool

    shown, now = printable(path.name), time.time()
    job = new_id(now, secrets.randbits(80))
    lease = spool.claim(layout, _entry(layout, path), id=job, runner="", now=now)
    if isinstance(lease, spool.LostRace):
        raise Unanswered(f"{shown}: it has just been taken; see `status`", CommandExit.BUSY)
    if isinstance(lease, spool.Skipped):
        raise Unanswered(f"{shown}: {lease.sentence}")
    with lease:
        spool.bury(lease, REASON, law, now=now)
    return f"{job}: {shown} is cancelled; the recording is kept"


def _entry(layout: "Layout", path: Path) -> Entry:
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
