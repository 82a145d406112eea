"""A scanner on a spool of its own, with a clock that the test turns.

Purpose: ``Eye`` for tests of the intake: drop files, let time pass, look.
"""

import os
import wave
from pathlib import Path
from typing import Any

from runner.config import Settings
from runner.inbox import Scan, Scanner, Watcher, open_watcher

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80>\x00\x00"
"""Enough of a recording to be taken for one."""
FORM = "0123456789abcdef0123456789abcdef"


class Eye:
    """Owns inbox/ and staging/ below ``root``. ``now`` is monotonic seconds of the test's own."""

    def __init__(self, root: Path, *, events: bool = False, **settings: Any) -> None:
        self.inbox, self.staging = root / "inbox", root / "staging"
        self.inbox.mkdir(exist_ok=True)
        self.staging.mkdir(exist_ok=True)
        self.settings = Settings(spool=root, **settings)
        self.known: set[str] = set()
        self.watcher: Watcher | None = None
        if events:
            self.watcher = open_watcher(self.inbox, self.settings)
        self.scanner = Scanner(
            self.inbox, self.staging, self.settings, self.known.__contains__, watcher=self.watcher
        )
        self.now = 1000.0

    def drop(self, name: str, data: bytes = WAV) -> Path:
        """Write a file in place, as ``cp`` does; nobody has it open afterwards."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def rename_in(self, name: str, data: bytes = WAV) -> Path:
        """Let a whole file appear by rename, and say so as an event would."""
        outside = self.inbox.parent / "outside"
        outside.write_bytes(data)
        path = self.inbox / name
        outside.rename(path)
        self.scanner.hint(path, renamed_in=True)
        return path

    def look(self, *, later: float = 0.0, limit: int = 100) -> Scan:
        """Let ``later`` seconds pass, then take turns until nothing is left over."""
        self.now += later
        for _ in range(1000):
            scan = self.scanner.scan(self.now, limit=limit)
            if scan.next_due is None or scan.next_due > self.now:
                return scan
        raise AssertionError("the scanner never comes to rest")

    def settled(self, *, limit: int = 100, seconds: float = 2.0) -> Scan:
        """See what is there, wait for the quiet period, look again."""
        self.look(limit=limit)
        return self.look(later=seconds, limit=limit)

    def close(self) -> None:
        """Let go of everything."""
        self.scanner.close()
        if self.watcher:
            self.watcher.close()


def names(scan: Scan) -> list[str]:
    """The paths of what is ready, in order."""
    return [f"{e.folder}/{e.name}" if e.folder else e.name for e in scan.ready]


def reasons(scan: Scan) -> dict[str, str]:
    """Why each refused file is refused."""
    return {refused.entry.name: refused.reason.text for refused in scan.refused}


def troubles(scan: Scan) -> dict[str, str]:
    """What is listed for a person to mend."""
    return {trouble.path: trouble.sentence for trouble in scan.troubled}


def waits(scan: Scan) -> dict[str, str]:
    """Why each waiting file waits."""
    return {waiting.name: waiting.why for waiting in scan.waiting}


def silence(path: Path, seconds: float = 0.1) -> None:
    """Write a real recording."""
    with wave.open(os.fspath(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(int(seconds * 32000)))
