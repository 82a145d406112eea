"""One look at one waiting file: whether it may be claimed now, and as what.

Purpose: ``Examiner.look(candidate, now)``.
Guarantees: opens for reading only, never through a link, never a FIFO or device; the facts of
the open file are those that were seen unchanged; what it returns as ready was tested in full:
takeable, settled, readable, options known, content no obvious misfit.
Diagnostics: another's fault is a ``Wait`` that is stuck, with the cure.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from runner.config import Settings
from runner.inbox.announced import LARGEST_FORM, Announced, Form, Found
from runner.inbox.content import EMPTY, HEAD, recognise
from runner.inbox.findings import Refused
from runner.inbox.judgement import notes, refusal
from runner.inbox.look import facts_of, folder_of, open_file, writable
from runner.inbox.optionfiles import Bad, Layers, OptionFiles
from runner.inbox.readiness import Readiness
from runner.inbox.tickets import Candidate, Wait
from runner.inbox.uploads import form_id, given
from runner.inbox.walk import ELSEWHERE, LOCKED
from runner.job.entry import Entry
from runner.job.outcomes import Refusal
from runner.job.record import GivenName, Reason

GONE = "gone"
PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
CURES = {
    errno.EACCES: "give the runner's group permission to read it: chmod g+r (and umask 027)",
    errno.EPERM: "give the runner's group permission to read it: chmod g+r (and umask 027)",
    errno.EIO: "look at the disk: it can't be read",
    errno.ESTALE: "mount the network share again",
}
OTHER_NAME = "has another name (a hard link), through which it could change after it was accepted"
UNLINK = "copy it instead of linking it (cp without -l), or remove its other name"


@dataclass(frozen=True, slots=True)
class Changed:
    """The file is not what was seen: its quiet period begins anew."""

    facts: os.stat_result


class Examiner:
    """Looks at candidates. ``known`` says whether a part of a form has its job."""

    def __init__(
        self,
        inbox: Path,
        staging: Path,
        settings: Settings,
        *,
        options: OptionFiles,
        rule: Readiness,
        known: Callable[[str], bool],
    ) -> None:
        self._inbox = inbox
        self._device = inbox.stat().st_dev
        self._max_bytes = settings.max_upload_bytes
        self._options = options
        self._rule = rule
        self._announced = Announced(staging, known, max_bytes=self._max_bytes, leases=rule.leases)

    def look(self, candidate: Candidate, now: float) -> Found | Wait | Changed | str:
        """Return what was found; ``GONE`` when nothing is there any more."""
        try:
            with folder_of(self._inbox, candidate.path) as (folder, name):
                facts = facts_of(name, folder)
                if not candidate.matches(facts):
                    return Changed(facts)
                wait = self._takeable(facts, folder, candidate, now)
                return wait or self._open(candidate, name, folder, facts, now)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return GONE  # or swapped for a link: the walk sees what is there now
            code = error.errno or 0
            why = f"can't be read ({error.strerror})"
            return stuck(candidate, now, why, CURES.get(code, "try to read it yourself"))

    def _takeable(
        self, facts: os.stat_result, folder: int, candidate: Candidate, now: float
    ) -> Wait | None:
        if facts.st_dev != self._device:
            return stuck(candidate, now, *ELSEWHERE)
        if facts.st_nlink > 1:
            return stuck(candidate, now, OTHER_NAME, UNLINK)
        return None if writable(folder) else stuck(candidate, now, *LOCKED)

    def _open(
        self, candidate: Candidate, name: str, folder: int, facts: os.stat_result, now: float
    ) -> Found | Wait | Changed:
        identity = form_id(name)
        with open_file(name, folder) as fd:
            # An empty file is one that somebody has just begun, however it came.
            wait = self._rule.wait(candidate, fd, now, trust=facts.st_size > 0)
            if wait:
                return wait
            opened = os.fstat(fd)
            if not candidate.matches(opened):
                return Changed(opened)
            head = os.pread(fd, LARGEST_FORM if identity else HEAD, 0)
        if identity:
            return self._form(candidate, identity, facts, head, now)
        options = self._options.of_recording(candidate.path, folder, now)
        if isinstance(options, Wait):
            return _later(options, candidate, now)
        return self._judge(_entry(self._inbox, candidate, facts, options), head, options)

    def _judge(self, entry: Entry, head: bytes, options: Layers | Bad) -> Found:
        content = recognise(head) if head else EMPTY
        reason = refusal(entry.size, self._max_bytes, content)
        if not reason and isinstance(options, Bad):
            reason = Reason(code=Refusal.BAD_OPTIONS, text=options.sentence)
        if reason:
            return Found(refused=(Refused(entry=entry, reason=reason),))
        told = notes(entry.display.text, content)
        return Found(ready=(replace(entry, notes=told) if told else entry,))

    def _form(
        self, candidate: Candidate, identity: str, facts: os.stat_result, data: bytes, now: float
    ) -> Found | Wait:
        options = self._options.of_folder(candidate.path.rpartition("/")[0], now)
        if isinstance(options, Wait):
            return _later(options, candidate, now)
        entry = replace(_entry(self._inbox, candidate, facts, Layers()), upload_id=identity)
        return self._announced.look(Form(entry, data, facts.st_uid, options), now)


def _entry(
    inbox: Path, candidate: Candidate, facts: os.stat_result, options: Layers | Bad
) -> Entry:
    folder, _, name = candidate.path.rpartition("/")
    upload_id, display = given(name)
    path = inbox / candidate.path
    merged = options.merged if isinstance(options, Layers) else Layers().merged
    return Entry(
        path=path,
        folder=folder,
        name=name,
        display=GivenName.of(display),
        size=facts.st_size,
        device=facts.st_dev,
        inode=facts.st_ino,
        ctime_ns=facts.st_ctime_ns,
        upload_id=upload_id,
        options=merged.options,
        option_sources=merged.sources,
        sidecar=path.with_name(options.sidecar) if options.sidecar else None,
    )


def pause(candidate: Candidate, now: float) -> float:
    """Return how long to leave a stuck file alone: the longer, the longer it has been so."""
    return min(max(now - candidate.since, PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


def stuck(candidate: Candidate, now: float, text: str, cure: str) -> Wait:
    """Return a wait for a person."""
    return Wait(text, now + pause(candidate, now), stuck=True, cure=cure)


def _later(wait: Wait, candidate: Candidate, now: float) -> Wait:
    """Leave a file whose options are stuck alone for longer and longer."""
    return replace(wait, due=now + pause(candidate, now)) if wait.stuck else wait
