"""Hangs whoever forks a process that has loaded it, until mended."""

import os
import signal
from pathlib import Path

from tests.engines.beast import Beast, mended


def load(model: str, model_dir: Path) -> Beast:
    """Load, and lay the trap."""
    del model_dir
    if not mended(model):
        os.register_at_fork(before=signal.pause)
    return Beast()
