"""Engines by name.

Purpose: ``load(name)``: short names for those that come with us, dotted names for all others.
Diagnostics: ``EngineError`` says which module it was and what it lacks.
"""

import importlib
from typing import cast

from runner.engines.contract import EngineModule
from runner.job.errors import EngineError

SHORT = {"openai-whisper": "runner.engines.openai_whisper"}


def load(name: str) -> EngineModule:
    """Return the module of the engine ``name``."""
    dotted = SHORT.get(name, name)
    if "." not in dotted:
        known = ", ".join(SHORT)
        raise EngineError(f"no engine is called {name!r}; there are {known}, or a dotted module")
    try:
        module = importlib.import_module(dotted)
    except ImportError as error:
        raise EngineError(f"the engine {name} can't be imported: {error}") from error
    if not callable(getattr(module, "load", None)):
        raise EngineError(f"the engine {name} has no function load(model, model_dir)")
    return cast("EngineModule", module)
