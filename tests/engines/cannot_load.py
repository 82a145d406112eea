"""Can't be loaded."""

from pathlib import Path

from runner.job.errors import EngineError
from tests.engines.beast import Beast


def load(model: str, model_dir: Path) -> Beast:
    """Refuse."""
    raise EngineError(f"the model {model} is not in {model_dir}")
