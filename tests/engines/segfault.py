"""An engine that dies of SIGSEGV."""

import os
import signal

from pathlib import Path
from typing import Any

from tests.engines.plain import Plain, Report


class Engine(Plain):
    """See above."""

    def transcribe(self, samples: Any, options: Any, report: Report) -> dict[str, Any]:
        """Misbehave."""

        os.kill(os.getpid(), signal.SIGSEGV)
        return super().transcribe(samples, options, report)


def load(model: str, model_dir: Path) -> Engine:
    """Load it."""
    del model, model_dir
    return Engine()
