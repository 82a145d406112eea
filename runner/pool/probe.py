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
        asks = needs_probe(settings) and machine.accelerator
        self._found = None if asks else Found(why="no accelerator found on this machine")

    def step(self, now: float) -> Placement | None:
        """Return the placement as soon as it is known."""
        self._found = self._found or self._ask(now)
        if self._found is None:
            return None
        self.close()
        return resolve(self._settings, machine=self._machine, found=self._found)

    def close(self) -> None:
        """End a probe that is under way."""
        if self._probe is not None:
            self._probe.end()
            self._probe = None

    def _ask(self, now: float) -> Found | None:
        if self._probe is None:
            self._asked_at = now
            environment = child_environment(self._settings)
            try:
                self._probe = Program(["runner.worker", "--probe-device"], environment=environment)
            except OSError as error:
                return Found(why=f"the device probe can't be started ({error.strerror})")
        ended = self._probe.ended() is not None  # before its words are read: none can come after
        for report in self._probe.reports():
            cuda, mps = int(report.get("cuda") or 0), report.get("mps") is True
            return Found(cuda=cuda, mps=mps, why=str(report.get("why") or ""))
        if ended:
            return Found(why="the device probe failed")
        if now - self._asked_at >= PROBE_SECONDS:
            return Found(why=f"the device probe gave no answer in {PROBE_SECONDS:g} s")
        return None
