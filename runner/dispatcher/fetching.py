"""The models are fetched at the start where they are missing; files wait meanwhile.

Purpose: ``Fetching.turn`` starts a pull, follows it, and lets go of the brake when it is over.
Guarantees: the network is touched by a process of its own; a pull that fails is tried again
after a growing pause, with its reason in ``status`` and ``health``. For the model in use files
wait until it is here; for those that jobs may ask for (``allowed_models``) until one try is over.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from runner.dispatcher.clock import Moment
from runner.pool.programs import Program
from runner.telemetry.status import ModelPull

if TYPE_CHECKING:
    from runner.dispatcher.rooms import Rooms

BRAKE = "pull"
FAILED = "model"
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
    """The models' way onto this machine, one after the other."""

    def __init__(self, rooms: "Rooms") -> None:
        self._rooms = rooms
        self._program: Program | None = None
        self._missing: list[str] | None = None
        """What is still to be fetched, the model in use first; None until that is known."""
        self._pause = FIRST_PAUSE_SECONDS
        self._next = 0.0
        self._reason = ""
        self._percent: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a pull is under way."""
        return self._program is not None

    def turn(self, now: Moment) -> ModelPull | None:
        """Start, follow or finish; return how far it is while files wait for it."""
        placement = self._rooms.pool.placement
        if placement is None:
            return None
        if self._missing is None:
            self._missing = self._look(placement.model)
        if self._missing and self._program is None and now.mono >= self._next:
            self._start(self._missing)
        if self._program is not None:
            self._follow(self._program, self._missing, now)
        if not self._missing or BRAKE not in self._rooms.brakes.names:
            return None
        return ModelPull(model=self._missing[0], percent=self._percent)

    def close(self) -> None:
        """End a pull that is under way; what it has fetched is thrown away."""
        if self._program is not None:
            self._program.end()

    @property
    def _home(self) -> Path:
        return self._rooms.settings.model_dir.expanduser()

    def _look(self, in_use: str) -> list[str]:
        settings = self._rooms.settings
        if settings.engine not in ENGINES_WITH_MODELS:
            return []
        models = dict.fromkeys((in_use, *settings.allowed_models))
        return [model for model in models if not present(model, self._home)]

    def _start(self, missing: list[str]) -> None:
        model = missing[0]
        if present(model, self._home):  # somebody has put it there
            self._arrived(missing)
            return
        if self._pause == FIRST_PAUSE_SECONDS:
            self._rooms.brakes.set(BRAKE, f"the model {model} is being fetched")
        self._program = Program(["runner.models", "pull", model, "--model-dir", str(self._home)])

    def _follow(self, program: Program, missing: list[str], now: Moment) -> None:
        status = program.ended()  # asked first: what it said before its end is read below
        for report in program.reports():
            if report.get("percent") is not None:
                self._percent = float(report["percent"])
            self._reason = str(report.get("reason") or self._reason)
        if status is None:
            return
        program.end()
        self._program = None
        if status == 0:
            self._arrived(missing)
        else:
            reason = self._reason or f"the pull ended with exit status {status}"
            self._failed(missing[0], reason, now)

    def _arrived(self, missing: list[str]) -> None:
        missing.pop(0)
        self._pause, self._reason, self._percent = FIRST_PAUSE_SECONDS, "", None
        self._rooms.brakes.release(BRAKE)
        self._rooms.brakes.release(FAILED)

    def _failed(self, model: str, reason: str, now: Moment) -> None:
        self._next = now.mono + self._pause
        self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)
        self._percent = None
        placement = self._rooms.pool.placement
        in_use = placement is not None and model == placement.model
        if not in_use:
            self._rooms.brakes.release(BRAKE)
        # Of a model that is not in use the reason is shown, but holds nothing.
        self._rooms.brakes.set(FAILED, reason, until=None if in_use else now.mono)
