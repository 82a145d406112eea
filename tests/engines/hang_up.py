"""Closes its socket for both ends: the loop takes that for the daemon's death."""

import os
import socket
import stat
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class HangUp(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        for name in os.listdir("/proc/self/fd"):
            fd = int(name)
            try:
                if stat.S_ISSOCK(os.fstat(fd).st_mode):
                    socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        while True:
            os.read(os.pipe()[0], 1)


load = loader(HangUp)
