"""From a model's name to its checkpoint.

Purpose: ``locate``: ``demo`` is package data, an official name a file in the model folder,
anything with a slash or ``.pt`` a path.
Diagnostics: ``EngineError`` says what is missing and how to get it.
"""

from dataclasses import dataclass
from pathlib import Path

import runner
from runner.job.errors import EngineError
from runner.models.catalogue import Official, names, official

DEMO = "demo"
DEMO_FILE = Path(runner.__file__).parent / "demo" / "model.pt"


@dataclass(frozen=True)
class Located:
    """A checkpoint and what it was asked for as."""

    name: str
    path: Path
    official: Official | None = None


def locate(model: str, model_dir: Path) -> Located:
    """Return where ``model`` lies; it must be there."""
    known = official(model)
    if known:
        path = model_dir / known.file
        missing = f"the model {model} is not in {model_dir} yet: whisper-spool models pull {model}"
    elif model == DEMO:
        path, missing = DEMO_FILE, f"the demo model is missing from the package ({DEMO_FILE})"
    elif "/" in model or model.endswith(".pt"):
        path, missing = Path(model).expanduser(), f"there is no model file {model}"
    else:
        choice = ", ".join((DEMO, *names()))
        raise EngineError(f"no model is called {model!r}; there are {choice}, or a path to a .pt")
    if not path.is_file():
        raise EngineError(missing)
    return Located(model, path, known)
