"""Starts a thread when it is loaded: a template must refuse to fork it. Until it is mended."""

import threading
from pathlib import Path

from tests.engines.beast import Beast, mended


def load(model: str, model_dir: Path) -> Beast:
    """Start a thread that stays."""
    del model_dir
    if not mended(model):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    return Beast()
