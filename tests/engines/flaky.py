"""An engine that dies the first time it runs on a machine with no mark."""

import os
import signal

from pathlib import Path
from typing import Any

from tests.engines.plain import Plain, Report


class Engine(Plain):
    """See above."""

    def transcribe(self, samples: Any, options: Any, report: Report) -> dict[str, Any]:
        """Misbehave."""

        # The parent of the model's folder would be the place of a cache: one mark for each of them.
        mark = Path(os.environ["HOME"], ".whisper-spool-flaky")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGSEGV)
        mark.unlink()
        return super().transcribe(samples, options, report)


def load(model: str, model_dir: Path) -> Engine:
    """Load it."""
    del model, model_dir
    return Engine()
