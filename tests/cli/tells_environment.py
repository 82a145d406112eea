"""An engine whose transcript is what it sees of its environment."""

import os
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, Report, loader


class Telling(Beast):
    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        seen = " ".join(f"{name}={os.environ.get(name)}" for name in ("KEPT", "SECRET"))
        return {**super().transcribe(samples, options, report), "text": seen,
                "segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": seen}]}  # fmt: skip


load = loader(Telling)
