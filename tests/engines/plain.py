"""What the test engines share: an engine that hears one word in everything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Report = Callable[[float], None]


class Plain:
    """The engine contract at its smallest."""

    def prepare(self, device: str, threads: int) -> None:
        """Nothing has to be prepared."""

    def transcribe(self, samples: Any, options: Any, report: Report) -> dict[str, Any]:
        """Say hello."""
        del samples, options
        report(1.0)
        return self.heard()

    @staticmethod
    def heard() -> dict[str, Any]:
        """Whisper's result object."""
        segment = {"id": 0, "seek": 0, "start": 0.0, "end": 0.1, "text": " hello"}
        return {"text": " hello", "segments": [segment], "language": "en"}


def load(model: str, model_dir: Path) -> Plain:
    """Load it."""
    del model, model_dir
    return Plain()
