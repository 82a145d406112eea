"""From inbox to active/: what is ready is claimed, what is bad is claimed and buried.

Purpose: ``Intake.look`` takes a turn of the scanner, ``Intake.claim_next`` turns one ready file
into a leased job.
Guarantees: a file whose claim the system refuses stays where it is and is listed with the cure;
a file that somebody still writes to after the claim is deferred, with no attempt counted.
"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from runner import durable, spool
from runner.dispatcher.clock import Moment
from runner.inbox import Refused, Scan, Trouble, being_written, still_untouched
from runner.inbox.content import UNKNOWN
from runner.inbox.judgement import refusal
from runner.job.entry import Entry
from runner.job.errors import SpoolError
from runner.job.ids import new_id
from runner.job.record import JobRecord, Reason

if TYPE_CHECKING:
    from runner.dispatcher.judge import Judge
    from runner.dispatcher.rooms import Rooms

READY_AT_ONCE = 64
"""How many ready files one turn of the scanner hands over: a page, so that the cost of a walk
over a long inbox is shared by many claims."""
REFUSED_AT_ONCE = 16
FRESH_SECONDS = 0.5
REWRITTEN_SECONDS = 10.0


class Intake:
    """The way in."""

    def __init__(self, rooms: "Rooms", judge: "Judge") -> None:
        self._rooms = rooms
        self._judge = judge
        self._ready: list[Entry] = []
        self._refused: list[Refused] = []
        self._told: set[Trouble] = set()
        self._looked_at = float("-inf")
        self.scan = Scan()

    @property
    def idle(self) -> bool:
        """Whether nothing is ready, settling or about to be refused, as far as was seen."""
        waiting = self._ready or self._refused or self.scan.unsettled
        return self.scan.complete and not waiting

    def look(self, now: Moment, *, slots: bool) -> None:
        """Take one turn of the scanner; keep what is ready, oldest last (it is popped).

        What was ready is asked for again once the answer is old: a sidecar may have come.
        """
        fresh = now.mono - self._looked_at < FRESH_SECONDS
        if self._refused or (self._ready and fresh):
            return
        self._looked_at = now.mono
        self.scan = self._rooms.scanner.scan(now.mono, limit=READY_AT_ONCE if slots else 0)
        self._tell_troubles()
        self._ready = list(reversed(self.scan.ready))
        self._refused = list(reversed(self.scan.refused))
        for form in self.scan.finished_forms:
            self._drop_form(form)

    def refuse_some(self, now: Moment) -> None:
        """Claim and bury what can never become a transcript, a few at a time."""
        for _ in range(min(len(self._refused), REFUSED_AT_ONCE)):
            refused = self._refused.pop()
            held = self._claim(refused.entry, now)
            if held is not None:
                self._judge.bury(held, refused.reason, now)

    def claim_next(self, now: Moment) -> spool.Held | None:
        """Claim the oldest ready file that is still there; None when there is none."""
        while self._ready:
            entry = self._ready.pop()
            held = self._claim(entry, now)
            if held is None:
                continue
            if still_untouched(entry, held.source):
                return held
            self.rewritten(held)
            self._rooms.log.info("deferred", job=held.id, reason="somebody still writes to it")
            self._judge.defer(held, self.settle_seconds, now)
        return None

    def rewritten(self, held: spool.Held) -> bool:
        """Return whether a claimed file is not yet what it will be: by its writer, or its size.

        The size is remembered; it goes to the disk with the defer that follows.
        """
        try:
            size = held.source.lstat().st_size
        except FileNotFoundError:
            return False
        grown = size != held.record.size
        held.record = held.record.but(size=size)
        return grown or being_written(held.source)

    def too_large(self, record: JobRecord) -> Reason | None:
        """Return why a file that grew after its claim is not taken, if it outgrew the limit."""
        return refusal(record.size or 1, self._rooms.settings.max_upload_bytes, UNKNOWN)

    @property
    def settle_seconds(self) -> float:
        """How long to leave a file alone that somebody still writes to."""
        settle = self._rooms.settings.settle_seconds
        return REWRITTEN_SECONDS if settle == "auto" else settle

    def _claim(self, entry: Entry, now: Moment) -> spool.Held | None:
        rooms = self._rooms
        job = new_id(now.wall, secrets.randbits(80))
        got = spool.claim(
            rooms.layout, entry, id=job, runner=rooms.settings.runner_name, now=now.wall
        )
        if isinstance(got, spool.Skipped):
            rooms.scanner.set_back(entry, got.sentence, cure=got.cure, now=now.mono)
            return None
        if not isinstance(got, spool.Held):
            return None  # another runner was faster, or a person took it back
        rooms.told.claimed(got.record)
        return got

    def _tell_troubles(self) -> None:
        """Log once what a person has to mend; status lists it as long as it lasts."""
        troubles = {*self.scan.blocked_folders, *self.scan.troubled}
        for trouble in sorted(troubles - self._told, key=lambda trouble: trouble.path):
            self._rooms.log.warning(
                "listed", path=trouble.path, reason=trouble.sentence, cure=trouble.cure
            )
        self._told = troubles

    def _drop_form(self, form: Path) -> None:
        try:
            durable.unlink(form)
        except FileNotFoundError:
            return  # another runner finished it
        except OSError as error:
            raise SpoolError(
                f"{form}: cannot be removed ({error.strerror})", error.errno
            ) from error
