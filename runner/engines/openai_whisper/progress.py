"""How far a transcription is, without slowing it.

Purpose: ``watched(model, report)``: a context in which ``report(fraction)`` is called at every
encoder and decoder step, and the fraction follows whisper's own bar over mel frames.
Why both: the bar moves once a window (30 s of sound), which six temperatures can make minutes
apart; a step comes every few milliseconds and shows that it lives.
Limits: within a window the fraction is a guess from the number of steps; it never goes back.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from runner.engines.openai_whisper.patching import swapped

WINDOW_FRAMES = 3000
HALF_STEPS = 60.0
"""Steps after which a window counts as half done."""


class Progress:
    """The running fraction."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._total = 0
        self._frames = 0
        self._steps = 0
        self._highest = 0.0

    def begin(self, frames: int) -> None:
        """Take the number of mel frames there are."""
        self._total = frames

    def step(self, *_: object) -> None:
        """One forward pass."""
        self._steps += 1
        within = min(WINDOW_FRAMES, self._total - self._frames)
        self._say(self._frames + within * self._steps / (self._steps + HALF_STEPS))

    def advance(self, frames: int) -> None:
        """A window is done."""
        self._frames += frames
        self._steps = 0
        self._say(self._frames)

    def _say(self, frames: float) -> None:
        if self._total > 0:
            self._highest = max(self._highest, min(1.0, frames / self._total))
        self._report(self._highest)


class _Bar:
    """Stands where whisper uses ``tqdm.tqdm``."""

    def __init__(self, progress: Progress, *, total: int = 0, **_: Any) -> None:  # noqa: ANN401
        self._progress = progress
        progress.begin(total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...  # fmt: skip

    def update(self, frames: int) -> None:
        """Take whisper's word for what is done."""
        self._progress.advance(frames)


@contextmanager
def watched(model: Any, report: Callable[[float], None]) -> Iterator[None]:  # noqa: ANN401 - whisper is untyped
    """Report while ``whisper.transcribe`` runs inside."""
    progress = Progress(report)
    parts = (model.encoder, model.decoder)
    hooks = [part.register_forward_hook(progress.step) for part in parts]
    # The module, not the function of the same name that the package re-exports.
    transcribe = importlib.import_module("whisper.transcribe")
    bars = SimpleNamespace(tqdm=lambda **given: _Bar(progress, **given))
    try:
        with swapped(transcribe, "tqdm", bars):
            yield
    finally:
        for hook in hooks:
            hook.remove()
