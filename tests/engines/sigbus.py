"""Reads a mapped file that somebody has cut short."""

import mmap
import tempfile
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class Sigbus(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        with tempfile.TemporaryFile() as file:
            file.truncate(mmap.PAGESIZE)
            memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
            file.truncate(0)
            memory[0]


load = loader(Sigbus)
