"""What the worker says while it works: accepted, length, progress.

Purpose: ``Pulse``, the ``Reporter`` of ``perform``.
Guarantees: progress costs a clock reading and goes out at most once a second, a new phase at once.
"""

import time

from runner.worker.line import Line
from runner.worker.timer import Timer

SECONDS = 1.0


class Pulse:
    """One job's news."""

    def __init__(self, line: Line, timer: Timer) -> None:
        self._line = line
        self._timer = timer
        self._phase = ""
        self._next = 0.0

    def accepted(self) -> None:
        """The source's data is synced."""
        self._line.say("accepted")

    def length(self, seconds: float) -> None:
        """The decoded length is known: it sets the deadline."""
        self._timer.set(seconds)
        self._line.say("length", seconds=seconds)

    def progress(self, phase: str, fraction: float) -> None:
        """So far is this phase, 0 to 1."""
        now = time.monotonic()
        if now < self._next and phase == self._phase:
            return
        self._phase, self._next = phase, now + SECONDS
        self._line.mention("progress", phase=phase, fraction=fraction)
