"""Hangs, and says nothing."""

import signal
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class Hang(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        while True:
            signal.pause()


load = loader(Hang)
