"""An engine whose model is not there."""

from pathlib import Path

from runner.job.errors import EngineError
from tests.engines.plain import Plain


def load(model: str, model_dir: Path) -> Plain:
    """Fail to load."""
    raise EngineError(f"{model_dir}: there is no model {model}")
