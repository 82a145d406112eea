"""Computes with torch's OpenMP pool; with ``OMP_TRAP`` in the model's name, in the template too.

That is the fork trap: a template that ran one parallel region makes workers that hang for ever.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tests.engines.beast import Beast

SIZE = 400


def _parallel() -> float:
    side = torch.ones(SIZE, SIZE)
    return float((side @ side).relu().exp().clamp(max=1.0).sum())


class OpenMP(Beast):
    def prepare(self, device: str, threads: int) -> None:
        del device
        torch.set_num_threads(max(threads, 2))

    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        _parallel()


def load(model: str, model_dir: Path) -> Beast:
    """Compute once, as warming up would."""
    del model_dir
    if "OMP_TRAP" in model:
        torch.set_num_threads(2)
    else:
        torch.set_num_threads(1)
    _parallel()
    return OpenMP()
