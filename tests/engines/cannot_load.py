"""Can't be loaded, until it is mended."""

from pathlib import Path

from runner.job.errors import EngineError
from tests.engines.beast import Beast, mended


def load(model: str, model_dir: Path) -> Beast:
    """Refuse."""
    if not mended(model):
        raise EngineError(f"the model {model} is not in {model_dir}")
    return Beast()
