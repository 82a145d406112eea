"""Dies while it is being loaded, until it is mended."""

import ctypes
import os
from pathlib import Path

from tests.engines.beast import Beast, mended


def load(model: str, model_dir: Path) -> Beast:
    """Die."""
    del model_dir
    if not mended(model):
        os.write(1, b"these were its last words\n")
        ctypes.string_at(0)
    return Beast()
