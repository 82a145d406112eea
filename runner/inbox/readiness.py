"""When is a dropped file ready? The rule, for recordings and option files alike.

Purpose: ``Readiness.wait(candidate, fd, now)``: why not yet, or None.
The rule: nobody may have it open for writing, and
- it was renamed in and the kernel vouches that nobody writes: at once;
- the kernel vouches: unchanged for ``settle_seconds`` (``auto``: 2 s);
- the kernel can't tell (no leases, another's file): unchanged for longer (``auto``: 10 s).
mtime is a client's word and plays no part. A number in the settings holds in both cases.
"""

from pathlib import Path

from runner.config import Settings
from runner.inbox.tickets import Candidate, Wait
from runner.inbox.writers import Writing, leases_work, writing

VOUCHED_SECONDS = 2.0
UNVOUCHED_SECONDS = 10.0
BUSY_SECONDS = 1.0
"""How soon, at the least, to ask again whether somebody still writes (an event is sooner)."""


class Readiness:
    """The rule with its numbers. ``leases``: the kernel can be asked here at all."""

    def __init__(self, settle_seconds: float | None, *, leases: bool) -> None:
        self.leases = leases
        self.vouched = VOUCHED_SECONDS if settle_seconds is None else settle_seconds
        self.unvouched = UNVOUCHED_SECONDS if settle_seconds is None else settle_seconds

    @classmethod
    def of(cls, settings: Settings, inbox: Path) -> "Readiness":
        """Return the rule for this inbox; it is tried whether leases can be had there."""
        settle = None if settings.settle_seconds == "auto" else settings.settle_seconds
        leases = settings.linux_calls and leases_work(inbox, settings.runner_name)
        return cls(settle, leases=leases)

    @property
    def first_look(self) -> float:
        """How long after its first sight a file is worth a look, in seconds."""
        return self.vouched if self.leases else self.unvouched

    def wait(self, candidate: Candidate, fd: int, now: float, *, trust: bool = True) -> Wait | None:
        """Return why the file, open for reading as ``fd``, is not ready; None when it is.

        ``trust`` False: its coming by rename proves nothing.
        """
        answer = writing(fd) if self.leases else Writing.UNKNOWN
        if answer is Writing.YES:
            return Wait("is being written", now + max(self.vouched, BUSY_SECONDS))
        need = self.unvouched if answer is Writing.UNKNOWN else self.vouched
        if answer is Writing.NO and candidate.renamed and trust:
            need = 0.0
        if now - candidate.since >= need:
            return None
        return Wait("settles", candidate.since + need)
