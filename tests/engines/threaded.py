"""Starts a thread when it is loaded: a template must refuse to fork it."""

import threading
from pathlib import Path

from tests.engines.beast import Beast


def load(model: str, model_dir: Path) -> Beast:
    """Start a thread that stays."""
    del model, model_dir
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return Beast()
