"""The worker's socket: one order comes in, news go out, and its end is ours.

Purpose: ``Line``.
Guarantees: a thread reads the socket from the beginning, so that the daemon's death ends us even
while a library computes; news that must arrive (END, a confession) wait for the daemon, progress
does not: what it can't take at once is dropped.
Limits: a thread runs only when the interpreter lets it. Where C code holds it for good, the
parent's death (Linux) or the timer ends us.
"""

import os
import queue
import socket
import threading
from typing import Any

from runner.job.exits import WorkerExit
from runner.job.wire import Order, encode

MAX_ORDER = 16 * 1024 * 1024
BITE = 65536


class Line:
    """Our end of the socket pair."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._orders: queue.SimpleQueue[tuple[bytes, list[int]]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="line", daemon=True).start()

    def order(self) -> tuple[Order, int]:
        """Wait for the order; return it and the lease, which we hold as long as we live."""
        data, fds = self._orders.get()
        return Order.model_validate_json(data), fds[0] if fds else -1

    def say(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Tell the daemon; waits if it is slow, returns if it has gone."""
        data = encode({"event": event, **facts})
        try:
            self._sock.sendall(data)
        except OSError:
            return

    def mention(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Tell the daemon if it listens; never waits."""
        data = encode({"event": event, **facts})
        try:
            self._sock.send(data, socket.MSG_DONTWAIT)
        except OSError:
            return

    def _listen(self) -> None:
        try:
            data, fds = b"", []
            while not data.endswith(b"\n") and len(data) < MAX_ORDER:
                bite, more, _, _ = socket.recv_fds(self._sock, BITE, 4)
                if not bite:
                    return
                data += bite
                fds += more
            self._orders.put((data, fds))
            while self._sock.recv(BITE):
                pass  # nothing else is expected; EOF is
        except OSError:
            pass  # closed under us: the same as EOF
        finally:
            os._exit(WorkerExit.ORPHAN)
