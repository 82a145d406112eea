"""Which devices has this machine? Asked of a short-lived child, because only torch knows.

Purpose: ``Placing``: settles the placement, at once where nothing has to be asked.
Guarantees: torch is never imported here; a driver that hangs costs ``PROBE_SECONDS`` and then
counts as no accelerator, with that reason.
"""

from runner.config import Settings
from runner.config.environment import child_environment
from runner.pool.machine import Machine
from runner.pool.placement import Found, Placement, needs_probe, resolve
from runner.pool.programs import Program

PROBE_SECONDS = 90.0


class Placing:
    """The way to a placement."""

    def __init__(self, settings: Settings, machine: Machine) -> None:
        self._settings = settings
        self._machine = machine
        self._probe: Program | None = None
        self._asked_at = 0.0
        self._found = Found(why="no accelerator found on this machine")
        self._must_ask = needs_probe(settings) and machine.accelerator

    def step(self, now: float) -> Placement | None:
        """Return the placement as soon as it is known."""
        if self._must_ask and not self._asked(now):
            return None
        return resolve(self._settings, machine=self._machine, found=self._found)

    def close(self) -> None:
        """End a probe that is under way."""
        if self._probe is not None:
            self._probe.end()
            self._probe = None

    def _asked(self, now: float) -> bool:
        if self._probe is None:
            self._asked_at = now
            self._probe = Program(
                ["runner.worker", "--probe-device"],
                environment=child_environment(self._settings),
            )
        for report in self._probe.reports():
            self._found = Found(
                cuda=int(report.get("cuda") or 0), mps=report.get("mps") is True,
                why=str(report.get("why") or ""),
            )  # fmt: skip
            self._must_ask = False
        if self._must_ask and self._probe.ended() is not None:
            self._settle_for_none("the device probe failed")
        if self._must_ask and now - self._asked_at >= PROBE_SECONDS:
            self._settle_for_none(f"the device probe gave no answer in {PROBE_SECONDS:g} s")
        if not self._must_ask:
            self.close()
        return not self._must_ask

    def _settle_for_none(self, why: str) -> None:
        self._found = Found(why=why)
        self._must_ask = False
