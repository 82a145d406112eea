"""Stops itself: TERM does not reach a stopped process, only KILL does."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class StopItself(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        os.kill(os.getpid(), signal.SIGSTOP)


load = loader(StopItself)
