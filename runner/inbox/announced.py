"""From an announcement to its jobs: the parts of an upload form, found in staging.

Purpose: ``Announced.look`` turns a form into one entry a part, ``upload = <form id>/<k>``.
Guarantees: only a regular file in staging that belongs to the form's owner, has no other name
and is in nobody's way is taken; never a directory the spool is building (names with a dot). A
part whose job exists is done, whatever lies under its name now (nginx counts its names from 1
again after a restart). A form is *finished* when every part is done, and *refused* when all
that could be taken is taken and one part is wrong or missing.
"""

import dataclasses
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.inbox.content import EMPTY, HEAD, recognise
from runner.inbox.findings import Refused
from runner.inbox.form import FormError, Part, parse
from runner.inbox.judgement import notes, refusal
from runner.inbox.look import facts_of, folder_of, open_file
from runner.inbox.optionfiles import Layers
from runner.inbox.tickets import Wait
from runner.inbox.uploads import plain
from runner.inbox.writers import Writing, writing
from runner.job.entry import Entry
from runner.job.outcomes import Refusal
from runner.job.printable import printable
from runner.job.record import GivenName, Reason

LARGEST_FORM = 64 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What one file gave: entries to claim, entries to bury, or a form to remove."""

    ready: tuple[Entry, ...] = ()
    refused: tuple[Refused, ...] = ()
    finished: Path | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """An announcement in the inbox: itself as an entry, its bytes, owner and options."""

    entry: Entry
    data: bytes
    owner: int
    options: Layers


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """A part that can't be taken; ``part`` None: the form itself."""

    sentence: str
    part: Part | None = None


DONE = "done"
State = Entry | Refused | Wait | Problem | str


class Announced:
    """Looks forms up in ``staging``."""

    def __init__(
        self, staging: Path, known: Callable[[str], bool], *, max_bytes: int, leases: bool
    ) -> None:
        self._staging = staging
        self._known = known
        self._max_bytes = max_bytes
        self._leases = leases

    def look(self, form: Form, now: float) -> Found | Wait:
        """Return what can be done about a form now."""
        try:
            parts = parse(form.data)
        except FormError as error:
            return _bad_form(form, Problem(str(error)))
        states = list(self._states(form, parts, now))
        ready = tuple(state for state in states if isinstance(state, Entry))
        refused = tuple(state for state in states if isinstance(state, Refused))
        if ready or refused:
            return Found(ready, refused)
        for state in states:
            if isinstance(state, Wait):
                return state
        for state in states:
            if isinstance(state, Problem):
                return _bad_form(form, state)
        return Found(finished=form.entry.path)

    def _states(self, form: Form, parts: tuple[Part, ...], now: float) -> Iterator[State]:
        for number, part in enumerate(parts, start=1):
            upload = f"{form.entry.upload_id}/{number}"
            state = self._state(form, part, upload, now)
            # Asked after the look: a part that went meanwhile has its job by now.
            yield DONE if self._known(upload) else state

    def _state(self, form: Form, part: Part, upload: str, now: float) -> State:
        place = self._place(part)
        if place is None:
            return Problem("lies outside staging/", part)
        try:
            with folder_of(self._staging, place) as (folder, name):
                facts = facts_of(name, folder)
                wrong = _wrong(facts, form.owner)
                if wrong:
                    return Problem(wrong, part)
                with open_file(name, folder) as fd:
                    if self._leases and writing(fd) is Writing.YES:
                        return Wait("a part of the upload is being written", now + 1.0)
                    head = os.pread(fd, HEAD, 0)
        except FileNotFoundError:
            return Problem("is missing in staging/", part)
        except OSError as error:
            return Problem(f"can't be read ({error.strerror})", part)
        return self._judge(_entry(form, part, upload, self._staging / place, facts), part, head)

    def _judge(self, entry: Entry, part: Part, head: bytes) -> Entry | Refused:
        content = recognise(head) if head else EMPTY
        reason = refusal(entry.size, self._max_bytes, content)
        if entry.size != part.size:
            text = f"the upload announced {part.size} bytes, {entry.size} are there"
            reason = Reason(code=Refusal.CHECKSUM, text=text)
        if reason:
            return Refused(entry=entry, reason=reason)
        return _noting(entry, notes(part.name, content))

    def _place(self, part: Part) -> str | None:
        """Return where a part lies, relative to staging; None for anywhere else."""
        path = os.path.normpath(part.path)
        for root in {os.path.normpath(self._staging), os.path.realpath(self._staging)}:
            if path.startswith(f"{root}/") and "\0" not in path:
                place = path[len(root) + 1 :]
                hidden = any(step.startswith(".") for step in place.split("/"))
                return None if hidden else place
        return None


def _wrong(facts: os.stat_result, owner: int) -> str:
    if not stat.S_ISREG(facts.st_mode):
        return "is no regular file"
    if facts.st_uid != owner:
        return "does not belong to who announced it"
    return "has another name (a hard link)" if facts.st_nlink > 1 else ""


def _entry(form: Form, part: Part, upload: str, path: Path, facts: os.stat_result) -> Entry:
    merged = form.options.merged
    return Entry(
        path=path,
        folder=form.entry.folder,
        name=path.name,
        display=GivenName.of(plain(part.name)),
        size=facts.st_size,
        device=facts.st_dev,
        inode=facts.st_ino,
        ctime_ns=facts.st_ctime_ns,
        upload_id=form.entry.upload_id,
        upload=upload,
        expected_sha256=part.sha256,
        options=merged.options,
        option_sources=merged.sources,
    )


def _noting(entry: Entry, found: tuple[str, ...]) -> Entry:
    return dataclasses.replace(entry, notes=found) if found else entry


def _bad_form(form: Form, problem: Problem) -> Found:
    """Bury the form itself, under the name of the recording it failed to announce."""
    entry, said = form.entry, problem.sentence
    if problem.part is not None:
        name = plain(problem.part.name)
        entry = dataclasses.replace(entry, display=GivenName.of(name))
        said = f"the stored file of {printable(name)} {said}"
    reason = Reason(code=Refusal.BAD_UPLOAD, text=said)
    return Found(refused=(Refused(entry=entry, reason=reason),))
