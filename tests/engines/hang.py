"""An engine that never ends, though it reports."""

import time

from pathlib import Path
from typing import Any

from tests.engines.plain import Plain, Report


class Engine(Plain):
    """See above."""

    def transcribe(self, samples: Any, options: Any, report: Report) -> dict[str, Any]:
        """Misbehave."""

        while True:
            report(0.5)
            time.sleep(0.1)


def load(model: str, model_dir: Path) -> Engine:
    """Load it."""
    del model, model_dir
    return Engine()
