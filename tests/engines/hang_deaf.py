"""Hangs, ignores every signal that can be ignored, and holds the interpreter's lock."""

import ctypes
import signal
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class HangDeaf(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        while True:
            ctypes.PyDLL(None).pause()  # PyDLL keeps the lock: no other thread runs


load = loader(HangDeaf)
