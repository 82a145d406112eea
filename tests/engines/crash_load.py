"""Dies while it is being loaded."""

import ctypes
from pathlib import Path

from tests.engines.beast import Beast


def load(model: str, model_dir: Path) -> Beast:
    """Die."""
    print(f"loading {model} from {model_dir}", flush=True)
    ctypes.string_at(0)
    raise AssertionError
