"""Option files in the inbox: ``_options.toml`` of folders, sidecars of recordings.

Purpose: ``of_folder`` and ``of_recording`` give the layered options, or why there are none yet.
Guarantees: an option file obeys the readiness rule and is read whole (at most 24 KiB) or not
at all. A bad ``_options.toml`` is no job's fault: the folder and all below it are *blocked*
until it is mended. A bad sidecar is its recording's fault alone.
Limits: results are remembered during one turn of the scanner only (``new_turn``), parsed files,
good or bad, by name, inode, size and ctime.
"""

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.config import Settings
from runner.inbox.containment import REPORT, contained
from runner.inbox.findings import Trouble
from runner.inbox.look import facts_of, folder_of, open_file
from runner.inbox.readiness import Readiness
from runner.inbox.room import Room
from runner.inbox.tickets import Wait
from runner.job.errors import OptionsError
from runner.job.printable import printable
from runner.options import Merged, merge, parse
from runner.options.parse import LARGEST

FOLDER_FILE = "_options.toml"
SIDECARS = (".toml", ".json")
MOST_PARSED = 1000
MEND = "mend or remove the file; what waits there is claimed then"


@dataclass(frozen=True, slots=True)
class Layers:
    """Options found: the files' keys, lowest first, and what they make together."""

    keys: tuple[tuple[str, dict[str, Any]], ...] = ()
    merged: Merged = field(default_factory=lambda: Merged(options={}, sources=()))
    sidecar: str | None = None
    """The sidecar's name, beside its recording."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Options that can't be used; ``sentence`` names file and key."""

    sentence: str
    sidecar: str | None = None
    cure: str = MEND


def is_option_file(name: str) -> bool:
    """Return whether a file of this name is never a recording."""
    return name.endswith(SIDECARS)


class OptionFiles:
    """Reads and remembers. ``room`` observes since when option files have not changed."""

    def __init__(self, inbox: Path, settings: Settings, room: Room, rule: Readiness) -> None:
        self.blocked: dict[str, Trouble] = {}
        self._inbox = inbox
        self._settings = settings
        self._room = room
        self._rule = rule
        self._turn: dict[str, Layers | Wait] = {}
        self._parsed: dict[tuple[str, int, int, int], dict[str, Any] | Bad] = {}

    def new_turn(self) -> None:
        """Forget what was found in the last turn."""
        self._turn.clear()

    def of_folder(self, folder: str, now: float) -> Layers | Wait:
        """Return the options of a folder and its parents, or why its files must wait."""
        found = self._turn.get(folder)
        if found is None:
            above = self.of_folder(folder.rpartition("/")[0], now) if folder else Layers()
            found = above if isinstance(above, Wait) else self._own(folder, above, now)
            self._turn[folder] = found
        return found

    def _own(self, folder: str, above: Layers, now: float) -> Layers | Wait:
        path = f"{folder}/{FOLDER_FILE}" if folder else FOLDER_FILE
        where = printable(path)
        found = contained(
            lambda: self._laid(folder, path, above, now),
            lambda surprise: Bad(f"{where}: {surprise}", cure=REPORT),
        )
        if isinstance(found, Bad):
            says = found.sentence.removeprefix(f"{where}: ")  # the path is shown before it
            self.blocked[folder] = Trouble(path=where, sentence=says, cure=found.cure)
            return Wait("the options of its folder are bad", now + 5.0, stuck=True)
        if isinstance(found, Layers):
            self.blocked.pop(folder, None)
        return found

    def _laid(self, folder: str, path: str, above: Layers, now: float) -> Layers | Wait | Bad:
        """Return the options ``above`` with those of ``folder``'s own file on top."""
        where = printable(path)
        try:
            with folder_of(self._inbox, path) as (descriptor, name):
                keys = self._read(path, where, name, descriptor, now)
        except OSError as error:  # the folder is gone, or can't be entered: so can't its files
            self.blocked.pop(folder, None)
            return Wait(f"its folder can't be read ({error.strerror})", now + 1.0)
        if keys is None:
            return above
        if isinstance(keys, Wait):
            return Bad(f"{where}: {keys.text}", cure=keys.cure) if keys.stuck else keys
        return keys if isinstance(keys, Bad) else self._together(above, path, keys)

    def of_recording(self, path: str, descriptor: int, now: float) -> Layers | Wait | Bad:
        """Return the options of the recording ``path``, whose folder is open."""
        folder, _, name = path.rpartition("/")
        above = self.of_folder(folder, now)
        if isinstance(above, Wait):
            return above
        found: Layers | Bad = above
        for ending in SIDECARS:
            beside = name + ending
            keys = self._read(path + ending, printable(beside), beside, descriptor, now)
            if isinstance(keys, Wait):
                return Wait(f"its options file {keys.text}", keys.due, keys.stuck, keys.cure)
            if keys is None:
                continue
            if found is not above:
                return _both(name)
            found = keys if isinstance(keys, Bad) else self._together(above, beside, keys)
            found = _with_sidecar(found, beside)
        return found

    def _together(self, above: Layers, where: str, keys: dict[str, Any]) -> Layers | Bad:
        layers = (*above.keys, (printable(where), keys))
        try:
            return Layers(layers, merge(layers, self._settings))
        except OptionsError as error:
            return Bad(str(error))

    def _read(
        self, path: str, where: str, name: str, folder: int, now: float
    ) -> dict[str, Any] | Wait | Bad | None:
        """Return the keys of an option file; None when there is none."""
        try:
            facts = facts_of(name, folder)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
                return None
            raise
        if not stat.S_ISREG(facts.st_mode):
            return Bad(f"{where}: is no regular file")
        if facts.st_size > LARGEST:
            return Bad(f"{where}: is larger than {LARGEST // 1024} KiB")
        seen = self._room.recall(path, facts) or self._room.observe(path, facts, now)
        try:
            with open_file(name, folder) as fd:
                wait = self._rule.wait(seen, fd, now)
                return wait or self._keys(where, facts, os.pread(fd, LARGEST, 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            why = f"can't be read ({error.strerror})"
            return Wait(why, now + 5.0, stuck=True, cure=f"let the runner read {where}: chmod g+r")

    def _keys(self, where: str, facts: os.stat_result, data: bytes) -> dict[str, Any] | Bad:
        mark = (where, facts.st_ino, facts.st_size, facts.st_ctime_ns)
        keys = self._parsed.get(mark)
        if keys is None:
            if len(self._parsed) >= MOST_PARSED:
                self._parsed.clear()
            keys = self._parsed[mark] = _parsed(where, data)
        return keys

    def recheck(self, now: float) -> bool:
        """Look at the blocked folders again; return whether one is blocked no more."""
        before = tuple(self.blocked)
        for folder in before:
            self.of_folder(folder, now)
        return len(self.blocked) < len(before)


def _parsed(where: str, data: bytes) -> dict[str, Any] | Bad:
    try:
        return parse(where, data)
    except OptionsError as error:
        return Bad(str(error))


def _both(name: str) -> Bad:
    """Refuse two option files: one goes with the recording, the other is told of."""
    taken, left = (name + ending for ending in SIDECARS)
    two = f"two option files lie beside it, {printable(taken)} and {printable(left)}"
    cure = f"remove {printable(left)} from the inbox, and drop it again with one of them"
    return Bad(f"{two}: {cure}", sidecar=taken)


def _with_sidecar(found: Layers | Bad, name: str) -> Layers | Bad:
    if isinstance(found, Bad):
        return Bad(found.sentence, sidecar=name)
    return Layers(found.keys, found.merged, sidecar=name)
