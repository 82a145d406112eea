"""Waiting for what was submitted: how far each recording is, then what became of it.

Purpose: ``wait_for`` for ``submit --wait``; ``Following`` for whoever shows it otherwise.
Guarantees: exit 0 when all were delivered, 1 when one failed, 3 when the time was up first.
Ctrl-C stops the waiting, not the work.
Limits: looks a few times a second; needs to read the job records, so it is for the spool's owner.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner import spool
from runner.cli.dropping import Dropped
from runner.cli.screen import complain, duration, say
from runner.cli.view import View, look
from runner.job.exits import CommandExit
from runner.job.ids import new_id
from runner.job.printable import printable
from runner.job.record import JobRecord
from runner.job.states import HELD_STATES, State

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen

PAUSE_SECONDS = 0.2
GONE_SECONDS = 5.0
MARGIN_SECONDS = 3600.0
"""Older jobs are not looked through; generous, as the clock may be changed."""
ROWS = 100


@dataclass
class Followed:
    """One recording on its way. ``state`` is None until it is claimed."""

    dropped: Dropped
    job: str = ""
    state: State | None = None
    record: JobRecord | None = None
    missed_since: float | None = None
    lost: bool = False
    progress: float = 0.0
    doing: str = "waiting"

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.lost or self.state in (State.DONE, State.FAILED)

    @property
    def outputs(self) -> list[str]:
        """The outbox names of what was delivered."""
        if self.state is not State.DONE or self.record is None:
            return []
        return [d.name.on_disk() for d in self.record.deliveries if d.how != "skipped"]

    @property
    def fault(self) -> str:
        """Why it was not delivered; empty when it was, or still may be."""
        if self.state is State.FAILED:
            reason = self.record.reason if self.record else None
            return f"{reason.text if reason else 'failed'} (job {self.job})"
        return "it is neither in the inbox nor with a job; was it removed?" if self.lost else ""


class Following:
    """Several recordings on their way; ``turn`` looks at all of them once."""

    def __init__(self, chosen: "Chosen", dropped: list[Dropped]) -> None:
        self._layout = chosen.layout
        self._settings = chosen.settings
        self._oldest = new_id(max(time.time() - MARGIN_SECONDS, 0.0), 0)
        self._seen: set[str] = set()
        self.all = [Followed(one) for one in dropped]
        self.view = self._look()

    @property
    def over(self) -> bool:
        """Whether everything is."""
        return all(one.over for one in self.all)

    def turn(self) -> None:
        """Look once."""
        still = [one for one in self.all if not one.over]
        unknown = {(one.dropped.device, one.dropped.inode): one for one in still if not one.job}
        if unknown:
            self._find(unknown)
        self.view = self._look()
        for one in still:
            self._follow(one)

    def _look(self) -> View:
        return look(self._layout, self._settings, limit=ROWS)

    def _find(self, unknown: dict[tuple[int, int], Followed]) -> None:
        """Give each dropped file the job that has its inode, reading each record once."""
        for state in HELD_STATES:
            for job in spool.list_ids(self._layout, state):
                if job < self._oldest or job in self._seen:
                    continue
                record = spool.read(self._layout, state, job)
                if isinstance(record, JobRecord):
                    self._seen.add(job)
                    one = unknown.get((record.device, record.inode))
                    if one is not None:
                        one.job = job

    def _follow(self, one: Followed) -> None:
        if not one.job:
            self._unclaimed(one, time.monotonic())
            return
        one.state = spool.where(self._layout, one.job)
        if one.state is None:
            one.lost = True
            return
        record = spool.read(self._layout, one.state, one.job)
        if isinstance(record, JobRecord):
            one.record = record
        running = next((job for job in self.view.running if job.id == one.job), None)
        if one.state is State.DEFERRED:
            one.doing = _again(one.record)
        elif one.state is State.ACTIVE and running:
            one.progress = max(one.progress, running.progress)
            left = running.eta_seconds
            one.doing = running.phase + ("" if left is None else f", {duration(left)} left")

    def _unclaimed(self, one: Followed, now: float) -> None:
        path = one.dropped.path
        try:
            here = path.lstat().st_ino == one.dropped.inode
        except OSError:
            here = False
        if here:
            one.missed_since = None
            why = {file.name: file.why for file in self.view.waiting}
            one.doing = why.get(printable(path.name)) or "waiting"
            return
        # Between the inbox and its job a file may be in neither place when we look.
        one.missed_since = one.missed_since or now
        one.lost = now - one.missed_since > GONE_SECONDS


def _again(record: JobRecord | None) -> str:
    why = record.attempts[-1].reason if record and record.attempts else ""
    return "waiting to be tried again" + (f": {why}" if why else "")


def wait_for(chosen: "Chosen", dropped: list[Dropped], *, timeout: float | None) -> CommandExit:
    """Follow everything to its end, or to the end of the time; say what became of it."""
    from runner.cli.bars import shown

    following = Following(chosen, dropped)
    deadline = None if timeout is None else time.monotonic() + timeout
    if not following.view.reporting:
        where = chosen.layout.root
        complain(f"no runner is at work on {where}: nothing happens until one is started")
    with shown(following.all, error=True) as display:
        while True:
            following.turn()
            display.show()
            late = deadline is not None and time.monotonic() >= deadline
            if following.over or late:
                break
            time.sleep(PAUSE_SECONDS)
    return _tell(chosen, following.all)


def _tell(chosen: "Chosen", everything: list[Followed]) -> CommandExit:
    """Print the outputs; complain about the rest."""
    worst = CommandExit.OK
    for one in everything:
        given = one.dropped.given
        for output in one.outputs:
            say(printable(str(chosen.layout.outbox / output)))
        if one.fault:
            worst = complain(f"{given}: {one.fault}", CommandExit.FAILED)
        elif not one.over:
            complain(f"{given}: not done in time ({one.doing})")
            worst = worst or CommandExit.LATER
    return worst
