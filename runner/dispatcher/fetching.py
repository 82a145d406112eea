"""The model is fetched at the start where it is missing; files wait meanwhile.

Purpose: ``Fetching.turn`` starts the pull, follows it, and lets go of the brake when it is over.
Guarantees: the network is touched by a process of its own; a pull that fails is tried again
after a growing pause, with its reason in ``status`` and ``health``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from runner.dispatcher.clock import Moment
from runner.pool.programs import Program
from runner.telemetry.status import ModelPull

if TYPE_CHECKING:
    from runner.dispatcher.rooms import Rooms

BRAKE = "pull"
ENGINES_WITH_MODELS = frozenset({"openai-whisper"})
FIRST_PAUSE_SECONDS = 10.0
MAX_PAUSE_SECONDS = 600.0


ALIASES = {"turbo": "large-v3-turbo", "large": "large-v3"}
"""Official names whose checkpoint's file is called otherwise."""


def present(model: str, model_dir: Path) -> bool:
    """Return whether ``model`` needs no network: bundled, a path, or pulled earlier."""
    bundled = model == "demo" or "/" in model or model.endswith(".pt")
    return bundled or (model_dir / f"{ALIASES.get(model, model)}.pt").is_file()


class Fetching:
    """One model's way onto this machine."""

    def __init__(self, rooms: "Rooms") -> None:
        self._rooms = rooms
        self._program: Program | None = None
        self._done = rooms.settings.engine not in ENGINES_WITH_MODELS
        self._pause = FIRST_PAUSE_SECONDS
        self._next = 0.0
        self._reason = ""
        self._percent: float | None = None

    @property
    def done(self) -> bool:
        """Whether the model is here."""
        return self._done

    @property
    def busy(self) -> bool:
        """Whether a pull is under way."""
        return self._program is not None

    def turn(self, now: Moment) -> ModelPull | None:
        """Start, follow or finish; return how far it is."""
        placement = self._rooms.pool.placement
        if self._done or placement is None:
            return None
        if self._program is None and now.mono >= self._next:
            self._start(placement.model)
        if self._program is not None:
            self._follow(self._program, now)
        return None if self.done else ModelPull(model=placement.model, percent=self._percent)

    def close(self) -> None:
        """End a pull that is under way; what it has fetched is thrown away."""
        if self._program is not None:
            self._program.end()

    def _start(self, model: str) -> None:
        settings = self._rooms.settings
        if present(model, settings.model_dir.expanduser()):
            self._done = True
            return
        self._rooms.brakes.set(BRAKE, f"the model {model} is being fetched")
        self._program = Program(
            ["runner.models", "pull", model, "--model-dir", str(settings.model_dir.expanduser())]
        )

    def _follow(self, program: Program, now: Moment) -> None:
        for report in program.reports():
            if report.get("percent") is not None:
                self._percent = float(report["percent"])
            self._reason = str(report.get("reason") or self._reason)
        status = program.ended()
        if status is None:
            return
        program.end()
        self._program = None
        if status == 0:
            self._done = True
            self._rooms.brakes.release(BRAKE)
            self._rooms.brakes.release("model")
            return
        self._next = now.mono + self._pause
        self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)
        reason = self._reason or f"the pull ended with exit status {status}"
        self._rooms.brakes.set("model", reason)
