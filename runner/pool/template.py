"""One template process as the daemon sees it.

Purpose: ``Template``: its connections, its age, what it died of.
"""

import signal
from dataclasses import dataclass, field
from enum import StrEnum

from runner.pool.lines import Lines
from runner.pool.memory import resident_bytes
from runner.pool.outcomes import signal_name
from runner.pool.processes import Process

GROWTH_FACTOR = 1.5
GROWTH_BYTES = 64 * 1024 * 1024
"""A template never computes, so what it gains over this is a leak."""
MEASURE_SECONDS = 10.0
CLOSE_SECONDS = 5.0
SAID_BYTES = 2000


class TemplateState(StrEnum):
    """A template's life. ``retired``: makes no more workers, waits for its last to go."""

    LOADING = "loading"
    READY = "ready"
    RETIRED = "retired"
    GONE = "gone"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True, eq=False)
class Template:
    """A template that lives. ``workers`` are the numbers of those it made and that live."""

    number: int
    model: str
    process: Process
    lines: Lines
    started: float
    used: float
    state: TemplateState = TemplateState.LOADING
    forks: int = 0
    answered: bool = False
    """Whether it has made a worker."""
    memory_bytes: int = 0
    measured: float = 0.0
    workers: set[int] = field(default_factory=set)
    reason: str = ""
    closed_at: float | None = None
    successor: int | None = None

    def fork(self, worker: int, fds: tuple[int, int]) -> bool:
        """Ask for a worker; its socket end and output pipe go along."""
        self.forks += 1
        self.workers.add(worker)
        return self.lines.channel.send({"op": "fork", "worker": worker, "fds": 2}, fds)

    def worn(self, forks: int, now: float) -> bool:
        """Return whether it should be replaced: for its age, or because it has grown."""
        if now - self.measured >= MEASURE_SECONDS:
            self.measured = now
            size = resident_bytes(self.process.pid)
            self.memory_bytes = self.memory_bytes or size
            if size > self.memory_bytes * GROWTH_FACTOR + GROWTH_BYTES:
                return True
        return self.forks >= forks

    def kill(self, reason: str = "") -> None:
        """End it at once, and with it its workers."""
        self.reason = self.reason or reason
        self.process.signal(signal.SIGKILL)

    def hang_up(self, now: float) -> None:
        """Close its socket: it goes at EOF; one that does not is killed after a while."""
        if self.closed_at is None:
            self.closed_at = now
            self.lines.hang_up()
        elif now - self.closed_at >= CLOSE_SECONDS:
            self.kill()

    def describe_end(self) -> str:
        """Return why it ended while it loaded: its own words, or what it printed."""
        gone = self.process.exit
        how = signal_name(gone.signal) if gone and gone.signal else f"exit {gone and gone.code}"
        tail = self.lines.output.text().strip()[-SAID_BYTES:]
        said = f"; it printed: {tail}" if tail else ""
        return self.reason or f"the template ended while it loaded ({how}){said}"

    def close(self) -> None:
        """Let go of all its descriptors."""
        self.lines.close()
        self.process.close()
