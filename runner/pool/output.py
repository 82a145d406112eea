"""What a worker prints: read in bounded bites, its beginning and end kept.

Purpose: ``Output``, the daemon's end of the pipe that is a worker's stdout and stderr.
Guarantees: never blocks; at most ``BITE`` bytes a call, ``HEAD`` + ``TAIL`` bytes of memory,
however much is printed (160 MB of it is a test).
Limits: the end of the pipe says nothing about the end of the worker: a grandchild may hold it.
"""

import os

BITE = 256 * 1024
HEAD = 16 * 1024
TAIL = 64 * 1024


class Output:
    """The reading end of one pipe."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._head = b""
        self._tail = b""
        self._left_out = 0
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._fd

    def read(self) -> None:
        """Take at most one bite; ``closed`` tells when nobody can write any more."""
        budget = BITE
        while budget > 0 and not self.closed:
            try:
                data = os.read(self._fd, min(budget, TAIL))
            except BlockingIOError:
                return
            self.closed = not data
            budget -= len(data)
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        room = HEAD - len(self._head)
        self._head += data[:room]
        tail = self._tail + data[room:] if room > 0 else self._tail + data
        self._left_out += max(len(tail) - TAIL, 0)
        self._tail = tail[-TAIL:]

    def text(self) -> str:
        """Return what was kept, with a line where something was left out."""
        gap = f"\n[… {self._left_out} bytes left out …]\n".encode() if self._left_out else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace")

    def close(self) -> None:
        """Close our end, asked again do nothing; a writer that goes on gets SIGPIPE or EPIPE."""
        fd, self._fd = self._fd, -1  # once: the number may be somebody else's by now
        if fd >= 0:
            os.close(fd)
