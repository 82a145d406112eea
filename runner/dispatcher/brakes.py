"""Why nothing is claimed at the moment.

Purpose: ``Brakes`` collects the reasons that stop claims and readmits: the operator's pause, a
full or faulty disk, an engine that can't load, a model that is being fetched.
Diagnostics: ``braked`` when a brake or its reason is new, ``unbraked`` when it goes.
Guarantees: a reason goes by itself when its cause is over; the pauses of the engine brake grow
from 5 s to 5 min until a transcript is made, so that a broken installation neither spins, even if
its workers come up and fail then, nor needs a restart when mended.
Limits: a brake never touches running jobs.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from runner.telemetry.log import Log

ENGINE_PAUSE_SECONDS = 5.0
ENGINE_PAUSE_MAX_SECONDS = 300.0
SPOOL_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class _Brake:
    reason: str
    until: float | None
    """Monotonic; None is until ``release``."""


class Brakes:
    """The brakes that are on, by name."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._on: dict[str, _Brake] = {}
        self._engine_failures = 0

    def set(self, name: str, reason: str, *, until: float | None = None) -> None:
        """Put a brake on."""
        before = self._on.get(name)
        self._on[name] = _Brake(reason, until)
        if before is None or before.reason != reason:
            self._log.warning("braked", by=name, reason=reason)

    def release(self, name: str) -> None:
        """Take a brake off."""
        if self._on.pop(name, None) is not None:
            self._log.info("unbraked", by=name)

    def engine_failed(self, reason: str, now: float) -> None:
        """Stop claiming for a growing pause; the next claim after it is the probe."""
        pause = min(ENGINE_PAUSE_SECONDS * 2**self._engine_failures, ENGINE_PAUSE_MAX_SECONDS)
        self._engine_failures = min(self._engine_failures + 1, 30)
        self.set("engine", reason, until=now + pause)

    def engine_up(self) -> None:
        """A worker came up: claim again. It has not proved itself, so the failures still count."""
        self.release("engine")

    def engine_worked(self) -> None:
        """An attempt came to its end: forget the failures."""
        self._engine_failures = 0

    def spool_failed(self, reason: str, now: float) -> None:
        """Our own disk refused something: hold for a second, then try again."""
        self.set("spool", reason, until=now + SPOOL_PAUSE_SECONDS)

    def holding(self, now: float, *, but: AbstractSet[str] = frozenset()) -> bool:
        """Return whether anything, ``but`` some, forbids a claim at monotonic ``now``."""
        on = (brake for name, brake in self._on.items() if name not in but)
        return any(brake.until is None or now < brake.until for brake in on)

    def wakes_at(self, now: float) -> float | None:
        """Return when the next timed brake ends, if one is on."""
        ends = [b.until for b in self._on.values() if b.until is not None and b.until > now]
        return min(ends, default=None)

    def reasons(self, *, but: AbstractSet[str] = frozenset()) -> tuple[str, ...]:
        """Return the reasons, sorted by brake, ``but`` some; an expired engine brake counts.

        It stays until a worker has come up: between two probes the runner is not healthy.
        """
        return tuple(self._on[name].reason for name in sorted(self._on.keys() - but))

    @property
    def names(self) -> frozenset[str]:
        """The names of the brakes that are on."""
        return frozenset(self._on)
