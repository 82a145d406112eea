"""The template's socket to the daemon, and its ear for signals.

Purpose: ``Link``: requests with their descriptors in, reports out, wakes for SIGCHLD.
Guarantees: one wait for everything, no time-out, no thread. A report waits for the daemon; the
buffer takes thousands, so that a stopped daemon does not stop us.
"""

import json
import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from runner.job.wire import encode

BITE = 65536
MAX_FDS = 64


@dataclass(frozen=True, kw_only=True)
class Request:
    """The daemon wants a worker; its socket end and output pipe are ours to close."""

    worker: int
    socket_fd: int
    output_fd: int


class Link:
    """Our end."""

    def __init__(self, socket_fd: int) -> None:
        self._sock = socket.socket(fileno=socket_fd)
        self._sock.setblocking(True)  # noqa: FBT003 - positional only
        os.set_inheritable(socket_fd, False)  # noqa: FBT003 - positional only
        self._wake, waking = os.pipe()
        for fd in (self._wake, waking):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, _wake_up)
        self._poll = select.poll()
        self._poll.register(self._sock, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._rest = b""
        self._fds: list[int] = []
        self.closed = False

    def say(self, event: str, *, fds: list[int] | None = None, **facts: Any) -> None:  # noqa: ANN401
        """Report to the daemon; one that has gone is noticed by ``wait``."""
        data = encode({"event": event, **({"fds": len(fds)} if fds else {}), **facts})
        with suppress(OSError):
            if fds:
                sent = socket.send_fds(self._sock, [data], fds)
                data = data[sent:]
            self._sock.sendall(data)

    def wait(self) -> list[Request]:
        """Wait for a request, a signal or the end; return the requests."""
        ready = {fd for fd, _ in self._poll.poll()}
        if self._wake in ready:
            with suppress(BlockingIOError):
                os.read(self._wake, BITE)
        if self._sock.fileno() not in ready:
            return []
        return [self._request(json.loads(line)) for line in self._lines()]

    def _lines(self) -> list[bytes]:
        data, fds, _, _ = socket.recv_fds(self._sock, BITE, MAX_FDS, socket.MSG_CMSG_CLOEXEC)
        self._fds += fds
        self.closed = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines

    def _request(self, message: dict[str, Any]) -> Request:
        socket_fd, output_fd, *self._fds = self._fds
        return Request(worker=int(message["worker"]), socket_fd=socket_fd, output_fd=output_fd)


def _wake_up(_number: int, _frame: FrameType | None) -> None:
    """The byte in the wake-up pipe is what counts."""
