"""What connects the daemon with a child: a socket pair, an output pipe, and an ear on both.

Purpose: ``connect()``: our ends as ``Lines``, the child's ends to hand over.
Guarantees: the child's ends are closed here when the block is left, so that EOF means what it
says; if anything fails, so are ours: no descriptor is lost when there are none left. Whoever waits
on ``ears`` (epoll or kqueue: a descriptor itself) wakes when a child speaks, prints or ends.
"""

import os
import selectors
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from runner.pool import channel
from runner.pool.channel import Channel
from runner.pool.output import Output

Ears = selectors.DefaultSelector


class Lines:
    """Our ends of one child's connections."""

    def __init__(self, channel: Channel, output: Output, ears: Ears) -> None:
        self.channel = channel
        self.output = output
        self._ears = ears
        self._heard: set[int] = set()

    def listen(self, fd: int | None) -> None:
        """Wake up when ``fd`` (a process's own, for its end) can be read."""
        if fd is not None:
            self._ears.register(fd, selectors.EVENT_READ)
            self._heard.add(fd)

    def read(self) -> list[dict[str, Any]]:
        """Take a bite of the output; return the messages that have come."""
        self.output.read()
        messages = self.channel.read()
        for source in (self.channel, self.output):
            if source.closed:
                self._forget(source.fileno())
        return messages

    def last_words(self) -> list[dict[str, Any]]:
        """Return what a dead child had still to say."""
        messages = self.channel.drain()
        self.output.read()
        return messages

    def hang_up(self) -> None:
        """Close our end of the socket: the child reads EOF and goes."""
        self._forget(self.channel.fileno())
        self.channel.close()

    def close(self) -> None:
        """Let go of everything."""
        for fd in list(self._heard):
            self._forget(fd)
        self.channel.close()
        self.output.close()

    def _forget(self, fd: int) -> None:
        if fd in self._heard:
            self._heard.remove(fd)
            self._ears.unregister(fd)


@contextmanager
def connect(ears: Ears, *, trusted: bool = False) -> Iterator[tuple[Lines, int, int]]:
    """Open both connections for one child; yield our ends, its socket, its output."""
    with ExitStack() as ours, ExitStack() as theirs:
        near, far = channel.pair()
        theirs.callback(far.close)
        kept = Channel(near, trusted=trusted)
        ours.callback(kept.close)
        reading, writing = os.pipe()
        theirs.callback(os.close, writing)
        lines = Lines(kept, Output(reading), ears)
        ours.pop_all()  # they are its own from here on, and closed once
        ours.callback(lines.close)
        for source in (lines.channel, lines.output):
            lines.listen(source.fileno())
        yield lines, far.fileno(), writing
        ours.pop_all()
