"""A claimed job on its way through a worker.

Purpose: ``Run``, what the dispatcher remembers of one busy slot, and its progress in words.
Guarantees: a run holds the job's lease until the job has moved; ``held`` is None afterwards.
"""

from dataclasses import dataclass

from runner.dispatcher.clock import Moment
from runner.job.printable import printable
from runner.options import JobOptions
from runner.pool import WorkerRef
from runner.spool import Held
from runner.telemetry.status import Running

DECODE_SHARE = 0.1
"""How much of the whole bar the decoding of the file is; transcribing is the rest."""
MIN_FRACTION_FOR_ETA = 0.02


@dataclass(slots=True, kw_only=True)
class Run:
    """One busy slot. Instants are monotonic seconds."""

    job: str
    held: Held | None
    ref: WorkerRef
    options: JobOptions
    alone: bool = False
    """No other job can run beside it, so the daemon's death is its doing."""
    alone_by_suspicion: bool = False
    """A suspect: while it runs, no other job may start."""
    claimed: float
    started: float | None = None
    """When the order was given; None while the worker comes up."""
    attempt: int = 0
    device: str = ""
    pid: int | None = None
    phase: str = "waiting for a worker"
    progress: float = 0.0
    audio_seconds: float | None = None
    stopping: bool = False

    def advance(self, phase: str, fraction: float) -> None:
        """Take a worker's report; the bar never goes back."""
        self.phase = phase
        if phase == "transcribing":
            share = DECODE_SHARE + (1 - DECODE_SHARE) * fraction
        else:  # checking and decoding
            share = DECODE_SHARE * fraction
        self.progress = max(self.progress, min(share, 1.0))

    def wall(self, now: Moment) -> float:
        """Return the seconds since the order was given."""
        return now.mono - self.started if self.started is not None else 0.0

    def shown(self, now: Moment) -> Running:
        """Return the run as the status file shows it."""
        elapsed = now.mono - (self.started or self.claimed)
        known = self.progress > MIN_FRACTION_FOR_ETA
        record = self.held.record if self.held else None
        return Running(
            id=self.job,
            name=printable(record.name.text) if record else "",
            folder=printable(record.folder.text) if record else "",
            attempt=self.attempt,
            accepted=bool(record and record.accepted),
            phase=self.phase,
            progress=self.progress,
            audio_seconds=self.audio_seconds,
            elapsed_seconds=elapsed,
            eta_seconds=elapsed * (1 - self.progress) / self.progress if known else None,
            pid=self.pid,
            device=self.device,
        )
