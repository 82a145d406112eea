"""Meets the end of memory inside the engine, in the words that ``initial_prompt`` chooses."""

from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader

CUDA = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 1 MiB"


class FullError(MemoryError):
    foreign = True


class MemoryGone(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        match options.get("initial_prompt"):
            case "python":
                raise MemoryError
            case "foreign":
                raise FullError(CUDA)
            case _:
                raise RuntimeError(CUDA)


load = loader(MemoryGone)
