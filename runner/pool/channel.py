"""One end of a socket pair: JSON lines, and descriptors that ride along.

Purpose: ``Channel``, the daemon's end towards a template or a worker.
Guarantees: never blocks; a bounded bite a call; a peer that breaks the protocol (no JSON object,
a line over ``MAX_LINE``) counts as one that closed. Descriptors are taken only from peers that we
trust (templates): a worker that sends some has them thrown away by the kernel.
"""

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from runner.job.wire import encode

MAX_LINE = 64 * 1024
MAX_FDS = 16
CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
SEND_BUFFER = 1024 * 1024
"""An order must fit without blocking; prompts and word lists make some long."""


def pair() -> tuple["socket.socket", "socket.socket"]:
    """Return our end and the child's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    ours.setblocking(False)  # noqa: FBT003 - positional only
    return ours, theirs


class Channel:
    """Our end."""

    def __init__(self, sock: socket.socket, *, trusted: bool = False) -> None:
        self._sock = sock
        self._trusted = trusted
        self._rest = b""
        self._fds: list[int] = []
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._sock.fileno()

    def read(self) -> list[dict[str, Any]]:
        """Return the messages that have come, at most a bite of them."""
        if self.closed:
            return []
        try:
            data = self._receive()
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        self.closed = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            self.closed = True
        return [message for line in lines if (message := self._parse(line)) is not None]

    def drain(self, bites: int = 16) -> list[dict[str, Any]]:
        """Return everything that a dead peer left, within reason."""
        messages: list[dict[str, Any]] = []
        for _ in range(bites):
            before = len(messages)
            messages += self.read()
            if self.closed or len(messages) == before:
                break
        return messages

    def take_fds(self, count: int) -> list[int]:
        """Hand over the oldest ``count`` descriptors that came; they are the caller's now."""
        taken, self._fds = self._fds[:count], self._fds[count:]
        return taken

    def send(self, message: dict[str, Any] | BaseModel, fds: Sequence[int] = ()) -> bool:
        """Send one message with descriptors; return whether the peer could take all of it."""
        data = encode(message)
        try:
            sent = socket.send_fds(self._sock, [data], list(fds)) if fds else self._sock.send(data)
            while sent < len(data):
                sent += self._sock.send(data[sent:])
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close our end, asked again do nothing: the peer reads EOF and goes."""
        for fd in self.take_fds(len(self._fds)):
            os.close(fd)
        with suppress(OSError):
            self._sock.close()
        self.closed = True

    def _receive(self) -> bytes:
        if not self._trusted:
            return self._sock.recv(MAX_LINE)
        data, fds, _, _ = socket.recv_fds(self._sock, MAX_LINE, MAX_FDS, CLOEXEC)
        self._fds += fds
        return data

    def _parse(self, line: bytes) -> dict[str, Any] | None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict):
            return message
        self.closed = True
        return None
