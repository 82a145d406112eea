"""Reads where nothing is."""

import ctypes
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class Segfault(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        ctypes.string_at(0)


load = loader(Segfault)
