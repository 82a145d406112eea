"""One worker as the daemon sees it.

Purpose: ``Worker``: its connections, what it said, how it is being ended.
Guarantees: the end goes TERM → grace → KILL, always to the whole group; a worker that has said
its last word (END, or a confession) has ``LINGER_SECONDS`` to go by itself.
"""

import signal
from dataclasses import dataclass, field, replace

from runner.job.outcomes import Outcome, OutcomeKind
from runner.pool.events import WorkerRef
from runner.pool.lines import Lines
from runner.pool.machine import OomWatch
from runner.pool.outcomes import Confession, Facts, outcome_of
from runner.pool.processes import Exit, Process
from runner.pool.watch import Clock

LINGER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two waiting workers interchangeable."""

    model: str
    device: str


@dataclass(slots=True, kw_only=True)
class Ending:
    """A worker that is being ended. ``kind`` None: only because it lingers."""

    kind: OutcomeKind | None
    reason: str
    kill_at: float
    killed_at: float | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Worker:
    """One child. ``ref`` and ``slot`` are None while it is a standby that nobody has taken."""

    number: int
    key: Key
    how: str
    started: float
    lines: Lines
    process: Process | None = None
    template: int | None = None
    """The number of the template that forked it."""
    ref: WorkerRef | None = None
    slot: int | None = None
    cage: tuple[str, ...] | None = None
    """What confines it; None until it says that it is ready."""
    announced: bool = False
    fresh: bool = False
    """Announced in this very turn: its end, if it comes now, is told in the next one."""
    clock: Clock | None = None
    over_since: float | None = None
    """When it said its last word, or hung up."""
    end: bool = False
    refused: Confession | None = None
    ending: Ending | None = None
    template_died: bool = False
    gone_since: float | None = None
    exit: Exit | None = None
    oom: OomWatch | None = None
    private_bytes: int = 0
    measured: float = 0.0
    written_off: bool = False
    notes: list[str] = field(default_factory=list)
    """Signals sent and not yet told."""

    @property
    def pid(self) -> int:
        """Its process number, 0 before it is known."""
        return self.process.pid if self.process else 0

    @property
    def parked(self) -> bool:
        """Whether it is a standby that somebody may take."""
        return (
            self.ref is None and self.ending is None
            and self.exit is None and self.over_since is None
        )  # fmt: skip

    @property
    def waiting(self) -> bool:
        """Whether it could take an order."""
        fine = self.cage is not None and self.process is not None and not self.lines.channel.closed
        return fine and self.clock is None and self.ending is None and self.exit is None

    def begin(self, clock: Clock) -> None:
        """The order is being given."""
        self.clock = clock
        self.measured = clock.ordered
        self.oom = OomWatch(self.pid)

    def stop(self, kind: OutcomeKind | None, reason: str, *, now: float, grace: float) -> None:
        """Begin to end it, unless that has begun: TERM now (KILL where there is no grace)."""
        if self.ending is not None or self.exit is not None:
            return
        self.ending = Ending(kind=kind, reason=reason, kill_at=now + grace)
        if grace > 0:
            self._signal(signal.SIGTERM)
        self.press(now)

    def disown(self, kind: OutcomeKind, reason: str, *, now: float) -> None:
        """It failed us before it had its order: whatever it died of, that is the outcome."""
        self.stop(kind, reason, now=now, grace=0.0)
        if self.ending is None:
            self.ending = Ending(kind=kind, reason=reason, kill_at=now, killed_at=now)

    def went(self, gone: Exit) -> None:
        """It has ended, as somebody else could tell."""
        self.exit = self.exit or gone
        if self.process is not None:
            self.process.exit = self.exit

    def press(self, now: float) -> None:
        """KILL it when its grace is over."""
        ending = self.ending
        if ending is None or ending.killed_at is not None or now < ending.kill_at:
            return
        if self.process is not None:
            ending.killed_at = now
            self._signal(signal.SIGKILL)

    def unkillable(self, now: float, seconds: float) -> bool:
        """Return whether it has survived SIGKILL for ``seconds``."""
        killed = self.ending.killed_at if self.ending else None
        return killed is not None and now - killed >= seconds

    def close(self) -> None:
        """Let go of all its descriptors."""
        self.lines.close()
        if self.process is not None:
            self.process.close()

    def outcome(self, now: float) -> Outcome:
        """Return the fact, once it has gone or been written off."""
        gone = self.exit or Exit()
        fact = outcome_of(self._facts(gone))
        return replace(
            fact,
            accelerator=self.key.device != "cpu",
            wall_seconds=now - self.clock.ordered if self.clock else 0.0,
            peak_memory_bytes=self.private_bytes or gone.peak_bytes,
            log_tail=self.lines.output.text(),
        )

    def _facts(self, gone: Exit) -> Facts:
        return Facts(
            exit=gone,
            ordered=self.clock is not None,
            end=self.end,
            stopped=self.ending.kind if self.ending else None,
            stop_reason=self.ending.reason if self.ending else "",
            refused=self.refused,
            template_died=self.template_died,
            oom_killed=gone.signal == signal.SIGKILL and bool(self.oom and self.oom.grew()),
        )

    def _signal(self, number: int) -> None:
        if self.process is not None:
            self.process.signal(number)
            self.notes.append(signal.Signals(number).name)
