"""Hints: what a source of events says may have changed, and how it wakes the daemon.

Purpose: ``Hint``, ``Wake`` (a pipe that a thread can ring), ``Hints`` (what has gathered).
Guarantees: safe between one thread that adds and one that takes; bounded: too many hints
become one wish for a rescan.
"""

import os
from collections import deque
from contextlib import suppress
from typing import NamedTuple

MOST = 10_000
"""Hints that are kept; a rescan says as much as more of them."""


class Hint(NamedTuple):
    """``path`` is relative to the inbox. ``renamed`` says that it came by rename, whole."""

    path: str
    renamed: bool
    folder: bool


class Wake:
    """A pipe: readable when somebody rang."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)

    def fileno(self) -> int:
        """Return the end to wait on."""
        return self._out

    def ring(self) -> None:
        """Make the pipe readable; a full one is readable already."""
        with suppress(BlockingIOError):
            os.write(self._in, b"!")

    def drain(self) -> None:
        """Empty the pipe."""
        with suppress(BlockingIOError):
            while os.read(self._out, 65536):
                pass

    def close(self) -> None:
        """Close both ends; nobody may ring any more."""
        os.close(self._out)
        os.close(self._in)


class Hints:
    """What has gathered since it was taken last."""

    def __init__(self) -> None:
        self._hints: deque[Hint] = deque()
        self._rescan = False

    def add(self, hint: Hint) -> None:
        """Note one hint."""
        if len(self._hints) < MOST:
            self._hints.append(hint)
        else:
            self._rescan = True

    def want_rescan(self) -> None:
        """Note that events were lost."""
        self._rescan = True

    def take(self, most: int) -> list[Hint]:
        """Return up to ``most`` hints, in order."""
        return [self._hints.popleft() for _ in range(min(most, len(self._hints)))]

    def take_rescan(self) -> bool:
        """Return whether a rescan is wanted; asking settles it."""
        wanted, self._rescan = self._rescan, False
        return wanted

    def __len__(self) -> int:
        return len(self._hints)
