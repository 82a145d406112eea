"""Option files in their own right: those that lie alone, and those that block a folder.

Purpose: ``Companions`` keeps an eye on ``_options.toml`` files and sidecars, so that a bad one
is told before a recording comes, and a sidecar without its recording is listed after a minute.
Limits: whether a listed sidecar has found its recording is seen some seconds later.
"""

import stat
from pathlib import Path

from runner.inbox.containment import REPORT, contained
from runner.inbox.examine import pause, stuck
from runner.inbox.look import facts_of, folder_of
from runner.inbox.optionfiles import FOLDER_FILE, OptionFiles
from runner.inbox.room import Room
from runner.inbox.tickets import Candidate, Wait, read

ALONE_SECONDS = 60.0
ALONE = "holds options, but the recording it is for is not here"
BRING = "drop the recording beside it (talk.mp3 for talk.mp3.toml), or remove it"


class Companions:
    """Looks at what has settled in ``room``."""

    def __init__(self, inbox: Path, room: Room, options: OptionFiles) -> None:
        self._inbox = inbox
        self._room = room
        self._options = options

    def turn(self, now: float, budget: int) -> None:
        """Look at up to ``budget`` option files."""
        queues = self._room.queues
        queues.advance(now, budget)
        for _ in range(budget):
            ticket = queues.turn()
            if ticket is None:
                return
            self._look(read(ticket), now)

    def _look(self, candidate: Candidate, now: float) -> None:
        wait = contained(
            lambda: self._wait(candidate, now),
            lambda surprise: stuck(candidate, now, surprise, REPORT),
        )
        if wait:
            self._room.put_off(candidate, wait)

    def _wait(self, candidate: Candidate, now: float) -> Wait | None:
        """Return when to look again and what to tell; None: an event or a walk brings it back."""
        folder, _, name = candidate.path.rpartition("/")
        if name == FOLDER_FILE:
            found = self._options.of_folder(folder, now)
            return found if isinstance(found, Wait) and not found.stuck else None
        if not self._there(candidate.path):
            self._room.drop(candidate.key)
            return None
        if self._there(candidate.path.rpartition(".")[0]):
            return Wait("", now + max(ALONE_SECONDS, pause(candidate, now)))
        if now - candidate.since < ALONE_SECONDS:
            return Wait("", candidate.since + ALONE_SECONDS)
        return Wait(ALONE, now + pause(candidate, now) / 10, stuck=True, cure=BRING)

    def _there(self, path: str) -> bool:
        try:
            with folder_of(self._inbox, path) as (folder, name):
                return stat.S_ISREG(facts_of(name, folder).st_mode)
        except OSError:
            return False
