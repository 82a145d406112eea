"""Says END and leaves a ``result.json`` that nothing stands behind.

``initial_prompt`` names the attempt's folder, because an engine does not know it.
"""

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines.beast import Beast, loader

LIE = (
    b'{"version":1,"job":"x","attempt":1,"renderings":[{"format":"txt","file":"rendering.txt",'
    b'"size":5,"sha256":"%s"}]}' % (b"0" * 64)
)


class LyingEnd(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        folder = Path(str(options.get("initial_prompt")))
        if folder.is_dir():
            (folder / "rendering.txt").write_bytes(b"truth")
            (folder / "result.json").write_bytes(LIE)
        for name in os.listdir("/proc/self/fd"):
            fd = int(name)
            if _is_socket(fd):
                socket.socket(fileno=os.dup(fd)).send(b'{"event": "end"}\n')
        os._exit(0)


def _is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


load = loader(LyingEnd)
