"""The contract between a worker and its engine.

Purpose: the protocols. An engine is loaded in a template (one thread, no random numbers, no
accelerator), and prepared and used in a worker that was forked from it or started by itself.
Optional attributes, used where they exist: ``model_name``, ``model_sha256``, ``versions`` go
into the transcript's ``job`` key; ``write`` makes it a ``Writer``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TextIO, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Report = Callable[[float], None]
    """Takes the fraction that is done; called at each step, must be cheap."""
else:
    Report = object


class Engine(Protocol):
    """A loaded model."""

    def prepare(self, device: str, threads: int) -> None:
        """Take the device; in the worker, before it says that it is ready."""

    def transcribe(
        self, samples: NDArray[np.float32], options: Mapping[str, Any], report: Report
    ) -> Mapping[str, Any]:
        """Return whisper's result object: ``text``, ``segments``, ``language``.

        ``samples`` are mono, 16 kHz; ``options`` have openai-whisper's own names.
        """


@runtime_checkable
class Writer(Protocol):
    """An engine that brings its own renderings."""

    def write(
        self, form: str, result: Mapping[str, Any], file: TextIO, options: Mapping[str, Any]
    ) -> None:
        """Write ``result`` as ``form`` (json, srt, vtt, txt, tsv)."""


class EngineModule(Protocol):
    """What stands behind an engine's name."""

    def load(self, model: str, model_dir: Path) -> Engine:
        """Locate and map; start no thread, draw no random number."""


class DeviceMemoryError(MemoryError):
    """The device's memory did not suffice. ``foreign``: other processes hold much of it."""

    def __init__(self, text: str, *, foreign: bool = False) -> None:
        super().__init__(text)
        self.foreign = foreign
