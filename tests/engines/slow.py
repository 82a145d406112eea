"""An engine that takes two seconds."""

import time

from pathlib import Path
from typing import Any

from tests.engines.plain import Plain, Report


class Engine(Plain):
    """See above."""

    def transcribe(self, samples: Any, options: Any, report: Report) -> dict[str, Any]:
        """Misbehave."""

        for step in range(20):
            report(step / 20)
            time.sleep(0.1)
        return super().transcribe(samples, options, report)


def load(model: str, model_dir: Path) -> Engine:
    """Load it."""
    del model, model_dir
    return Engine()
