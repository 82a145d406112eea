"""What all beasts of the zoo have in common: an engine that works, to be spoiled.

The result is a function of the samples, so that equal files give equal text.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Report = Callable[[float], None]
RATE = 16000


class Beast:
    """Says how long the recording is and how loud, in one segment."""

    model_name = "beast"
    model_sha256 = "0" * 64
    versions: Mapping[str, str] = {}

    def prepare(self, device: str, threads: int) -> None:
        """Nothing to prepare."""

    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        """Misbehave, if that is in the beast's nature, then echo."""
        self.misbehave(options)
        seconds = len(samples) / RATE
        report(1.0)
        text = f" {seconds:.2f} seconds"
        segment = {"id": 0, "start": 0.0, "end": seconds, "text": text}
        return {"text": text, "segments": [segment], "language": options.get("language") or "en"}

    def misbehave(self, options: Mapping[str, Any]) -> None:
        """The beast's own way; the tame one has none."""


Load = Callable[[str, Path], Beast]


def loader(kind: type[Beast]) -> Load:
    """Return the ``load`` of an engine module."""

    def load(model: str, model_dir: Path) -> Beast:
        del model_dir
        beast = kind()
        beast.model_name = model
        return beast

    return load
