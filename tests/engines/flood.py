"""Prints 160 MB and then works as if nothing were."""

import os
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader

LINE = b"flood " * 10923 + b"\n"
TOTAL = 160 * 1000 * 1000


class Flood(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        os.write(1, b"FIRST WORDS\n")
        written = 0
        while written < TOTAL:
            written += os.write(1, LINE)
        os.write(2, b"LAST WORDS\n")


load = loader(Flood)
