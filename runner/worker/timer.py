"""The deadline that nobody can stop: the kernel's own timer ends us.

Purpose: ``Timer``: ``setitimer`` with SIGALRM at its default, for the job's time plus the grace.
Guarantees: holds with the daemon stopped and the interpreter's lock held; later is never set,
only what the order says, or the length when it is known.
Limits: a library that takes SIGALRM for itself takes this guarantee away; the daemon's clock stays.
"""

import signal
import time

from runner.job.wire import Order, time_limit

LEAST_SECONDS = 0.001
"""Zero would switch the timer off."""


class Timer:
    """Starts with the order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._started = time.monotonic()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self.set(None)

    def set(self, audio_seconds: float | None) -> None:
        """Arm it for what is left, with the length of the audio if that is known."""
        limit = time_limit(self._order.timeout_seconds, audio_seconds)
        ends = self._started + limit + self._order.kill_grace_seconds
        left = max(ends - time.monotonic(), LEAST_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, left)
