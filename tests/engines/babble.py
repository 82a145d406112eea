"""Talks nonsense on its socket, then works as if nothing were."""

import os
import socket
import stat
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, descriptors, loader


class Babble(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        for fd in list(descriptors(stat.S_ISSOCK)):
            socket.socket(fileno=os.dup(fd)).send(b"[" * 1000 + b"\n{}\n\xff\n")
        if options.get("initial_prompt") == "crash":
            os.abort()


load = loader(Babble)
