"""What connects the daemon with a child: a socket pair and an output pipe.

Purpose: ``connect()``: our ends to keep, the child's ends to hand over.
Guarantees: the child's ends are closed here when the block is left, so that EOF means what it
says; if anything fails, so are ours: no descriptor is lost when there are none left.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from runner.pool import channel
from runner.pool.channel import Channel
from runner.pool.output import Output


@dataclass(frozen=True)
class Lines:
    """Both ends of both connections."""

    channel: Channel
    output: Output
    socket_fd: int
    """The child's end of the socket pair."""
    output_fd: int
    """The child's end of the pipe."""


@contextmanager
def connect(*, trusted: bool = False) -> Iterator[Lines]:
    """Open both connections for one child."""
    with ExitStack() as ours, ExitStack() as theirs:
        near, far = channel.pair()
        theirs.callback(far.close)
        kept = Channel(near, trusted=trusted)
        ours.callback(kept.close)
        reading, writing = os.pipe()
        theirs.callback(os.close, writing)
        output = Output(reading)
        ours.callback(output.close)
        yield Lines(kept, output, far.fileno(), writing)
        ours.pop_all()
