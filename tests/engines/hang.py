"""Hangs, and says nothing."""

import time
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class Hang(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        while True:
            time.sleep(3600)


load = loader(Hang)
