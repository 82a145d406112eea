"""Following what was submitted: how far each recording is, then what became of it.

Purpose: ``wait_for`` for ``submit --wait``; ``Following`` and ``bars`` for whoever waits otherwise.
Guarantees: exit 0 when all were delivered, 1 when one failed, 3 when the time was up first.
Ctrl-C stops the waiting, not the work.
Limits: looks a few times a second; needs to read the job records, so it is for the spool's owner.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from runner import spool
from runner.cli.chosen import Chosen
from runner.cli.dropping import Dropped
from runner.cli.front import complain
from runner.cli.screen import console, duration, say
from runner.cli.view import everyone, reports, running_now
from runner.job.exits import CommandExit
from runner.job.ids import new_id
from runner.job.printable import printable
from runner.job.record import JobRecord
from runner.job.states import HELD_STATES, State
from runner.telemetry.status import Snapshot

PAUSE_SECONDS = 0.2
MARGIN_SECONDS = 60.0
"""Older jobs are not looked through: their inodes may have been given to others."""


@dataclass
class Followed:
    """One recording on its way. ``state`` is None until it is claimed."""

    dropped: Dropped
    job: str = ""
    state: State | None = None
    record: JobRecord | None = None
    fault: str = ""
    """Why it was not delivered."""
    progress: float = 0.0
    doing: str = "waiting"

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it."""
        return bool(self.fault) or self.state is State.DONE

    @property
    def outputs(self) -> list[str]:
        """The outbox names of what was delivered."""
        if self.state is not State.DONE or self.record is None:
            return []
        return [d.name.on_disk() for d in self.record.deliveries if d.how != "skipped"]


class Following:
    """Several recordings on their way; ``turn`` looks at all of them once."""

    def __init__(self, chosen: Chosen, dropped: list[Dropped]) -> None:
        self._layout, self._settings = chosen.layout, chosen.settings
        self._oldest = new_id(max(time.time() - MARGIN_SECONDS, 0.0), 0)
        self._known: set[str] = set()
        self.all = [Followed(one) for one in dropped]

    @property
    def over(self) -> bool:
        """Whether everything is."""
        return all(one.over for one in self.all)

    def reports(self) -> list[Snapshot]:
        """What the living runners say."""
        return reports(everyone(self._layout, self._settings))

    def turn(self) -> None:
        """Look once."""
        still = [one for one in self.all if not one.over]
        # In this order: the job is there before its recording leaves the inbox.
        waiting = [one for one in still if not one.job and _waits(one.dropped)]
        self._find([one for one in still if not one.job])
        said = self.reports()
        for one in still:
            if one.job:
                self._follow(one, said)
            elif one in waiting:
                name = printable(str(one.dropped.path.relative_to(self._layout.inbox)))
                why = (file.why for s in said for file in s.waiting if file.name == name)
                one.doing = next(why, "") or "waiting"
            else:
                one.fault = "it is neither in the inbox nor with a job; was it removed?"

    def _find(self, unclaimed: list[Followed]) -> None:
        """Give each dropped file the job that has its inode, reading each record once."""
        by_inode = {(one.dropped.device, one.dropped.inode): one for one in unclaimed}
        for state in HELD_STATES * 2 if by_inode else ():  # twice, as it may move meanwhile
            jobs = set(spool.list_ids(self._layout, state)) - self._known
            for job in (job for job in jobs if job > self._oldest):
                record = spool.read(self._layout, state, job)
                if isinstance(record, JobRecord):
                    self._known.add(job)
                    if one := by_inode.get((record.device, record.inode)):
                        one.job = job

    def _follow(self, one: Followed, said: list[Snapshot]) -> None:
        state = spool.where(self._layout, one.job)
        record = spool.read(self._layout, state, one.job) if state else None
        if isinstance(record, spool.Damaged):
            one.fault = record.sentence
        elif state is None:
            one.fault = f"its job {one.job} was removed"
        if state is None or not isinstance(record, JobRecord):
            return  # or it has just moved on
        one.state, one.record = state, record
        last = record.attempts[-1].reason if record.attempts else ""
        running = running_now(said, one.job)
        if one.state is State.DONE:
            one.progress, one.doing = 1.0, "done"
        elif one.state is State.FAILED:
            reason = record.reason.text if record.reason else "failed"
            one.doing, one.fault = "failed", f"{reason} (job {one.job})"
        elif one.state is State.DEFERRED:
            one.doing = ": ".join(filter(None, ("waiting to be tried again", last)))
        elif running:
            one.progress = max(one.progress, running.progress)
            left = running.eta_seconds
            one.doing = running.phase + ("" if left is None else f", {duration(left)} left")


def _waits(dropped: Dropped) -> bool:
    """Return whether the recording is still in the inbox."""
    try:
        return dropped.path.lstat().st_ino == dropped.inode
    except FileNotFoundError:
        return False


@contextmanager
def bars(recordings: list[Followed]) -> Iterator[Callable[[], None]]:
    """Yield what draws a bar for each on standard error; in a pipe only the last is seen."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(24),
        TaskProgressColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    with Progress(*columns, console=console(error=True)) as progress:
        tasks = [
            progress.add_task(printable(one.dropped.given.name), total=1.0, doing="")
            for one in recordings
        ]

        def draw() -> None:
            for task, one in zip(tasks, recordings, strict=True):
                progress.update(task, completed=one.progress, doing=printable(one.doing))

        yield draw


def wait_for(chosen: Chosen, dropped: list[Dropped], *, timeout: float | None) -> CommandExit:
    """Follow everything to its end, or to the end of the time; say what became of it."""
    following = Following(chosen, dropped)
    deadline = None if timeout is None else time.monotonic() + timeout
    if not following.reports():
        where = chosen.layout.root
        complain(f"no runner is at work on {where}: nothing happens until one is started")
    with bars(following.all) as draw:
        while True:
            following.turn()
            draw()
            if following.over or (deadline is not None and time.monotonic() >= deadline):
                break
            time.sleep(PAUSE_SECONDS)
    for one in following.all:
        for output in one.outputs:
            say(str(chosen.layout.outbox / output))
        if not one.over:
            complain(f"{one.dropped.given}: not done in time ({one.doing})")
        elif one.fault:
            complain(f"{one.dropped.given}: {one.fault}")
    if any(one.fault for one in following.all):
        return CommandExit.FAILED
    return CommandExit.OK if following.over else CommandExit.LATER
