"""The clocks of one attempt: deadline, stall; pure, time is passed in.

Purpose: ``Clock.overrun(now)`` says whether an attempt has had its time.
Guarantees: monotonic seconds only. News is read before the clock is asked, so that a daemon that
was stopped for an hour does not take the worker's silence for a stall.
"""

from dataclasses import dataclass

from runner.job.outcomes import OutcomeKind
from runner.job.wire import Order, time_limit


@dataclass(slots=True, kw_only=True)
class Clock:
    """Starts with the order."""

    ordered: float
    timeout_seconds: float | None
    grace_seconds: float
    stall_seconds: float
    last_sign: float
    audio_seconds: float | None = None

    @classmethod
    def start(cls, order: Order, *, stall_seconds: float, now: float) -> "Clock":
        """Return a running clock."""
        return cls(
            ordered=now, last_sign=now, stall_seconds=stall_seconds,
            timeout_seconds=order.timeout_seconds, grace_seconds=order.kill_grace_seconds,
        )  # fmt: skip

    @property
    def limit_seconds(self) -> float:
        """How long the attempt may take."""
        return time_limit(self.timeout_seconds, self.audio_seconds)

    @property
    def due(self) -> float:
        """The next instant at which something is over."""
        return min(self.ordered + self.limit_seconds, self.last_sign + self.stall_seconds)

    def overrun(self, now: float) -> tuple[OutcomeKind, str] | None:
        """Return what is over at ``now``, with the sentence for people."""
        if now >= self.ordered + self.limit_seconds:
            return OutcomeKind.OVERDUE, f"not done after its {self.limit_seconds:g} s"
        if now >= self.last_sign + self.stall_seconds:
            return OutcomeKind.STALLED, f"no progress for {self.stall_seconds:g} s"
        return None
