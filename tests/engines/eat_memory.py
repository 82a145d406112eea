"""Eats memory, 16 MiB at a bite, up to 2 GiB, and keeps it; gives nobody a MemoryError."""

import time
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader

BITE = 16 * 1024 * 1024
BITES = 128


class EatMemory(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        eaten = []
        try:
            for _ in range(BITES):
                eaten.append(b"x" * BITE)
                time.sleep(0.005)
        finally:
            while True:
                time.sleep(1)  # full


load = loader(EatMemory)
