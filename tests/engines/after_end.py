"""Writes its END in order, and only then shows its nature.

``initial_prompt`` says how: ``segfault``, ``hang`` or ``lie`` (the END's renderings are changed
afterwards, so that it does not hold).
"""

import ctypes
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines.beast import Beast, loader

PAUSE = 0.002


class AfterEnd(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        how = str(options.get("initial_prompt"))
        leave = os._exit

        def instead(code: int) -> None:
            if code == 0:
                _show(how)
            leave(code)

        os._exit = instead  # type: ignore[assignment]  # the last thing that a worker calls


def _show(how: str) -> None:
    time.sleep(PAUSE)
    if how == "segfault":
        ctypes.string_at(0)
    while how == "hang":
        threading.Event().wait()


load = loader(AfterEnd)
