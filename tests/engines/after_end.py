"""Writes its END in order, and only then shows its nature: ``segfault``, ``hang`` or ``deaf``.

``deaf`` hangs with the interpreter's lock held and ignores what can be ignored.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines import hang, hang_deaf, segfault
from tests.engines.beast import Beast, loader

AFTER = {"segfault": segfault, "hang": hang, "deaf": hang_deaf}


class AfterEnd(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        beast = AFTER[str(options.get("initial_prompt"))].load("", Path())
        leave = os._exit

        def instead(code: int) -> None:
            if code == 0:
                signal.setitimer(signal.ITIMER_REAL, 0)  # it must be the daemon who ends it
                beast.misbehave({})
            leave(code)

        os._exit = instead  # type: ignore[assignment]  # the last thing that a worker calls


load = loader(AfterEnd)
