"""Does what a cage must not let it: ``read PATH``, ``write PATH``, ``record``, ``kill PID``."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines.beast import Beast, job_folder, loader


class Spy(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        how, _, what = str(options.get("initial_prompt")).partition(" ")
        match how:
            case "read":
                Path(what).read_bytes()
            case "write":
                Path(what).write_bytes(b"spoilt")
            case "record":
                Path(job_folder(), "job.json").write_bytes(b"spoilt")
            case "kill":
                os.kill(int(what), signal.SIGKILL)


load = loader(Spy)
