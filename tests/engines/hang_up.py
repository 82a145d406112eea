"""Closes its socket for both ends: the loop takes that for the daemon's death."""

import os
import signal
import socket
import stat
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, descriptors, loader


class HangUp(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        for fd in list(descriptors(stat.S_ISSOCK)):
            socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)
        while True:
            signal.pause()


load = loader(HangUp)
