"""Dies in the first attempt of each job."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, attempt_folder, loader


class Flaky(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        if attempt_folder().name == "attempt-1":
            os.kill(os.getpid(), signal.SIGSEGV)


load = loader(Flaky)
