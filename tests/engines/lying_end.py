"""Says END and leaves a ``result.json`` that nothing stands behind."""

import os
import socket
import stat
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, attempt_folder, descriptors, job_folder, loader

LIE = (
    b'{"version":1,"job":"%s","attempt":%d,"renderings":[{"format":"txt","file":"rendering.txt",'
    b'"size":5,"sha256":"%s"}]}'
)


class LyingEnd(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        folder = attempt_folder()
        number = int(folder.name.split("-")[1])
        (folder / "rendering.txt").write_bytes(b"truth")
        lie = LIE % (job_folder().name.encode(), number, b"0" * 64)
        (folder / "result.json").write_bytes(lie)
        for fd in list(descriptors(stat.S_ISSOCK)):
            socket.socket(fileno=os.dup(fd)).send(b'{"event": "end"}\n')
        os._exit(0)


load = loader(LyingEnd)
