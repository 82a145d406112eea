"""Is killed by somebody: SIGKILL that was not sent by us."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class KillItself(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        os.kill(os.getpid(), signal.SIGKILL)


load = loader(KillItself)
