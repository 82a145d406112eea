"""The scanner: takes hints and walks, gives what may be claimed now.

Purpose: ``Scanner.scan(now, limit=n)``, one bounded turn.
Guarantees: a turn looks at a bounded number of entries and files; what is left over makes
``next_due`` be ``now``. Order: ctime, then path. Every file is met by a full walk at the latest
(``rescan_seconds`` where events come, else ``poll_seconds``; longer for a very long inbox, so
that walking stays a small part of the work). The same rules at the start as later.
Diagnostics: a missing or unreadable inbox raises ``SpoolError``; all else is a value.
"""

import os
import stat
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path

from runner.config import Settings
from runner.inbox.companions import Companions
from runner.inbox.examine import Examiner
from runner.inbox.findings import SHOWN, Scan, Trouble, Waiting
from runner.inbox.hints import Hint, Hints
from runner.inbox.junk import Junk
from runner.inbox.look import facts_of, folder_of
from runner.inbox.offers import Offers
from runner.inbox.optionfiles import FOLDER_FILE, OptionFiles, is_option_file
from runner.inbox.readiness import Readiness
from runner.inbox.room import Room
from runner.inbox.rounds import Rounds
from runner.inbox.walk import special
from runner.inbox.watcher import Watcher
from runner.job.entry import Entry
from runner.job.errors import SpoolError
from runner.job.printable import printable

HINTS = 1000
OPTION_FILES = 32
RECHECK_SECONDS = 1.0


class Scanner:
    """Finds what may be claimed now."""

    def __init__(
        self,
        inbox: Path,
        staging: Path,
        settings: Settings,
        known_uploads: Callable[[str], bool],
        *,
        watcher: Watcher | None = None,
    ) -> None:
        """``known_uploads("<form id>/<k>")`` says whether a job that has its source carries this.

        A job that is only an intent, whose source never arrived, must answer False.
        """
        self._inbox = inbox
        self._watcher = watcher
        self._depth = settings.folder_depth
        self._junk = Junk(settings.junk_names, settings.junk_folders)
        try:
            rule = Readiness.of(settings, inbox)
            self._room, self._beside = Room(rule.first_look), Room(rule.first_look, vetting=False)
            self._options = OptionFiles(inbox, settings, self._beside, rule)
            examiner = Examiner(
                inbox, staging, settings, options=self._options, rule=rule, known=known_uploads
            )
        except OSError as error:
            raise SpoolError(f"{inbox}: {error.strerror}", error.errno) from error
        self._offers = Offers(inbox, self._room, examiner, self._observe_now)
        self._companions = Companions(inbox, self._beside, self._options)
        self._rounds = Rounds(
            inbox,
            settings,
            junk=self._junk,
            watcher=watcher,
            rooms=(self._room, self._beside),
            meet=self._meet,
            observe=self._observe_now,
        )
        self._told = Hints()
        self._now = 0.0

    def scan(self, now: float, *, limit: int) -> Scan:
        """Take one turn at monotonic ``now``."""
        self._now = now
        self._options.new_turn()
        self._take_hints()
        self._rounds.step(now)
        if self._options.blocked and self._options.recheck(now):
            self._room.queues.hurry()
        self._companions.turn(now, OPTION_FILES)
        offer = self._offers.turn(now, limit)
        return Scan(
            ready=offer.ready,
            refused=offer.refused,
            finished_forms=offer.finished,
            waiting=self._waiting(),
            waiting_total=len(self._room) - self._offers.offered,
            troubled=tuple(islice(self._troubles(), SHOWN)),
            troubled_total=sum(room.waits.listed for room in (self._room, self._beside))
            + len(self._rounds.troubles),
            blocked_folders=tuple(self._options.blocked.values()),
            unsettled=self._room.unsettled,
            complete=self._rounds.complete,
            next_due=self._next_due(now, offer.due),
        )

    def hint(self, path: Path, *, renamed_in: bool) -> None:
        """Say that ``path`` (absolute) changed; the watcher's own hints come by themselves."""
        relative = os.path.relpath(path, self._inbox)
        if not relative.startswith("../"):
            self._told.add(Hint(relative, renamed=renamed_in, folder=False))

    def set_back(self, entry: Entry, sentence: str, *, cure: str = "", now: float) -> None:
        """The claim was refused by the system: list the file, try again later and later."""
        self._offers.set_back(entry.path, now, sentence, cure or "see the runner's log")

    def close(self) -> None:
        """Close what a walk holds open."""
        self._rounds.close()

    # --- what changed --------------------------------------------------------------------

    def _take_hints(self) -> None:
        for source in (self._told, self._watcher):
            for hint in source.take(HINTS) if source else ():
                self._heed(hint.path, renamed=hint.renamed)

    def _heed(self, path: str, *, renamed: bool) -> None:
        *folders, name = path.split("/")
        if len(folders) > self._depth or any(map(self._junk.folder, folders)):
            return
        try:
            with folder_of(self._inbox, path) as (folder, _):
                facts = facts_of(name, folder)
        except OSError:
            return  # gone again, or the next walk tells why it can't be reached
        if stat.S_ISDIR(facts.st_mode):
            if not self._junk.folder(name) and len(folders) < self._depth:
                self._rounds.also(path)
        elif not self._junk.name(name):
            self._observe(path, facts, renamed=renamed)

    def _observe_now(self, path: str, facts: os.stat_result) -> None:
        self._observe(path, facts, renamed=False)

    def _observe(self, path: str, facts: os.stat_result, *, renamed: bool) -> None:
        if stat.S_ISREG(facts.st_mode):
            self._room_of(path).observe(path, facts, self._now, renamed=renamed)
        elif path.rpartition("/")[2] == FOLDER_FILE:
            self._options.of_folder(path.rpartition("/")[0], self._now)  # blocked: listed there
        else:
            self._rounds.note(path, special(path, facts))

    def _meet(self, path: str, inode: int) -> bool:
        return self._room_of(path).meet(path, inode)

    def _room_of(self, path: str) -> Room:
        return self._beside if is_option_file(path) else self._room

    # --- what to tell --------------------------------------------------------------------

    def _waiting(self) -> tuple[Waiting, ...]:
        files = self._room.newest(SHOWN)
        return tuple(
            Waiting(name=printable(seen.path), why=wait.text if wait else self._why(seen.since))
            for seen, wait in files
            if not self._offers.holds(seen.key)
        )

    def _why(self, since: float) -> str:
        settled = since + self._room.settle_seconds <= self._now
        return "has its turn later" if settled else "settles"

    def _troubles(self) -> "chain[Trouble]":
        files = (
            Trouble(path=printable(seen.path), sentence=wait.text, cure=wait.cure)
            for seen, wait in chain(self._room.listed(), self._beside.listed())
        )
        return chain(self._rounds.troubles.values(), files)

    def _next_due(self, now: float, offer_due: float | None) -> float:
        instants = [
            self._rounds.next_due(now),
            offer_due,
            self._room.queues.next_due(),
            self._beside.queues.next_due(),
            now + RECHECK_SECONDS if self._options.blocked else None,
            now if self._watcher and self._watcher.waiting else None,
        ]
        return max(now, min(instant for instant in instants if instant is not None))
