"""All beasts in one house: ``initial_prompt`` says which one a recording meets.

``hang`` is ``tests.engines.hang``; ``slow 3`` gives it the prompt ``3``; with ``first`` before it
the beast shows its nature in the first attempt only. No prompt: the tame one.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines.beast import Beast, Report, attempt_folder, loader


class Menagerie(Beast):
    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        nature, _, rest = str(options.get("initial_prompt") or "echo").partition(" ")
        if nature == "first":
            nature, _, rest = rest.partition(" ")
            nature = nature if attempt_folder().name == "attempt-1" else "echo"
        module = importlib.import_module(f"tests.engines.{nature}")
        beast = module.load(self.model_name, Path())
        return beast.transcribe(samples, {**options, "initial_prompt": rest or None}, report)


load = loader(Menagerie)
