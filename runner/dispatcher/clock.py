"""The one place where the dispatcher's time begins.

Purpose: ``Moment``, the pair of clocks that one turn works with. Durations are measured on the
monotonic clock; the wall clock is for people and for what must survive a restart.
"""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, in seconds, on both clocks."""

    mono: float
    wall: float


def this_moment() -> Moment:
    """Return the instant of the call."""
    return Moment(mono=time.monotonic(), wall=time.time())
