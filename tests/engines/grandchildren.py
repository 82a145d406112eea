"""Leaves behind a child in its group, one with a session of its own, and a double-forked one.

Each holds all descriptors, the lease among them. Then it finishes, or crashes if the prompt says
``crash``.
"""

import os
import signal
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


def _linger(*, session: bool, twice: bool) -> None:
    pid = os.fork()
    if pid != 0:
        if twice:
            os.waitpid(pid, 0)  # now its child has come to us
        return
    if session:
        os.setsid()
    if twice and os.fork() != 0:
        os._exit(0)
    while True:
        signal.pause()


class Grandchildren(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        for session, twice in ((False, False), (True, False), (True, True)):
            _linger(session=session, twice=twice)
        if options.get("initial_prompt") == "crash":
            os.abort()


load = loader(Grandchildren)
