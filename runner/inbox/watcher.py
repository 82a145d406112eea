"""The watcher: wakes the daemon when the inbox changed, and is watched itself.

Purpose: ``open_watcher`` probes whether events come here; ``Watcher`` is what it returns.
Guarantees: events are trusted only after one was seen (a file made and renamed in the inbox,
within a second). A dead thread, a removed or moved inbox, an overflow: ``healthy`` is False or
a rescan follows, and a broken source is opened again every few seconds. ``fileno`` stays.
Diagnostics: ``mode`` and ``why``, for ``status`` and ``doctor``. No failure here is fatal: the
scanner walks more often while events can't be relied on.
Limits: on network and shared file systems a change made elsewhere gives no event here though
the probe succeeds, so these are polled (``watch = "events"`` overrides).
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

from runner import durable
from runner.config import Settings
from runner.inbox.hints import Hint, Hints, Wake
from runner.inbox.mounts import file_system, remote

PROBE_SECONDS = 1.0
REOPEN_SECONDS = 5.0


class Source(Protocol):
    """Where events come from: ``events.Events`` or ``portable.PortableEvents``."""

    @property
    def hints(self) -> Hints:
        """What has gathered."""

    @property
    def fault(self) -> str:
        """Why events no longer come; empty while they do."""

    def watch(self, folder: str) -> bool:
        """Watch one folder; return whether that worked."""

    def await_rename(self, name: str) -> threading.Event:
        """Return what is set when ``name`` is renamed into the inbox."""

    def close(self) -> None:
        """End its threads."""


Opener = Callable[[Path, Wake], Source]


class Watcher:
    """One object for the daemon's life. ``source`` None means: poll, ``why`` says the reason."""

    def __init__(
        self, inbox: Path, opener: Opener, wake: Wake, source: Source | None, why: str
    ) -> None:
        self.mode: Literal["events", "poll"] = "events" if source else "poll"
        self.why = why
        self._inbox = inbox
        self._opener = opener
        self._wake = wake
        self._source = source
        self._identity = _identity(inbox)
        self._uncovered = False
        self._reopen_at = float("-inf")

    def fileno(self) -> int:
        """Return a descriptor that is readable when hints wait (never, when polling)."""
        return self._wake.fileno()

    def drain(self) -> None:
        """Empty the descriptor; the hints stay for the scanner."""
        self._wake.drain()

    def watch(self, folder: str) -> bool:
        """Watch one folder (relative) from now on; to be called before it is listed."""
        if self._source is None:
            return False
        covered = self._source.watch(folder)
        self._uncovered = self._uncovered or not covered
        return covered

    def take(self, most: int) -> list[Hint]:
        """Return up to ``most`` hints."""
        return self._source.hints.take(most) if self._source else []

    @property
    def waiting(self) -> bool:
        """Whether hints are left."""
        return bool(self._source and len(self._source.hints))

    def rescan_wanted(self) -> bool:
        """Return whether events were lost since it was asked last."""
        return bool(self._source and self._source.hints.take_rescan())

    def covers(self, now: float) -> bool:
        """Return whether events can be relied on for all folders, for now."""
        return self.mode == "events" and self.healthy(now) and not self._uncovered

    def healthy(self, now: float) -> bool:
        """Return whether events come as they should (polling is healthy); mend what does not."""
        if self._source is None:
            return True
        fault = self._source.fault
        if not fault and _identity(self._inbox) != self._identity:
            fault = "the inbox is another folder than before"
        if not fault:
            return True
        self.why = fault
        if now < self._reopen_at:
            return False
        self._reopen_at = now + REOPEN_SECONDS
        return self._reopen()

    def _reopen(self) -> bool:
        try:
            source = self._opener(self._inbox, self._wake)
        except OSError as error:
            self.why = f"events can't be had ({error.strerror})"
            return False
        if not source.watch(""):
            source.close()
            return False
        if self._source:
            self._source.close()
        self._source, self._uncovered = source, False
        self._identity = _identity(self._inbox)
        self.why = "events come again after a fault"
        source.hints.want_rescan()
        self._wake.ring()
        return True

    def close(self) -> None:
        """End the thread and close the descriptors."""
        if self._source:
            self._source.close()
            self._source = None
        self._wake.close()


def _identity(folder: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        facts = folder.stat()
        return facts.st_dev, facts.st_ino
    return None


def _opener(settings: Settings) -> Opener:
    if settings.linux_calls and sys.platform == "linux":
        from runner.inbox.events import Events  # noqa: PLC0415 - exists on Linux only

        return Events
    from runner.inbox.portable import PortableEvents  # noqa: PLC0415 - the platform's

    return PortableEvents


def open_watcher(inbox: Path, settings: Settings) -> Watcher:
    """Return a watcher that was seen to work (probed), or one that says to poll."""
    opener, wake = _opener(settings), Wake()
    why = _why_not(inbox, settings)
    source: Source | None = None
    if not why:
        try:
            source = opener(inbox, wake)
            why = _probe(inbox, source, settings.runner_name)
        except OSError as error:
            why = f"events can't be had ({error.strerror})"
    if why and source:
        source.close()
        source = None
    return Watcher(inbox, opener, wake, source, why or "events come")


def _why_not(inbox: Path, settings: Settings) -> str:
    if settings.watch == "poll":
        return "the settings say so"
    kind = file_system(inbox)
    if settings.watch == "auto" and remote(kind):
        return f"the inbox is on {kind}, where others' changes give no events"
    return ""


def _probe(inbox: Path, source: Source, runner: str) -> str:
    """Make and rename a file in the inbox; return why no event came, or nothing."""
    if not source.watch(""):
        return "the inbox can't be watched"
    first, last = inbox / f".probe-{runner}", inbox / f".probe-{runner}.renamed"
    seen = source.await_rename(last.name)
    for left in (first, last):
        with suppress(FileNotFoundError):
            durable.unlink(left)
    durable.create(first)
    durable.rename(first, last)
    came = seen.wait(PROBE_SECONDS)
    with suppress(FileNotFoundError):
        durable.unlink(last)
    return "" if came else f"no event came within {PROBE_SECONDS:g} s of a change"
