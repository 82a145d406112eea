"""Leaves behind: a child in its group, a setsid'ed one, and a double-forked one, each holding all
descriptors, the lease among them. Their numbers go into ``initial_prompt``'s file. Then it
finishes, or crashes if the file's name ends in ``.crash``.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines.beast import Beast, loader


def _linger(*, session: bool, twice: bool) -> None:
    if os.fork() != 0:
        return
    if session:
        os.setsid()
    if twice and os.fork() != 0:
        os._exit(0)
    time.sleep(3600)
    os._exit(0)


class Grandchildren(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        report = Path(str(options.get("initial_prompt")))
        for session, twice in ((False, False), (True, False), (True, True)):
            _linger(session=session, twice=twice)
        time.sleep(0.1)  # the double-forked one must have come to us
        tree = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
        report.write_text(tree, encoding="ascii")
        if report.name.endswith(".crash"):
            os.abort()


load = loader(Grandchildren)
