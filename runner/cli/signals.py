"""Signals that stop the daemon: a handler sets a flag and rings a bell, the loop does the rest.

Purpose: ``StopFlag``, handed to ``runner.dispatcher.run``; ``listening()`` installs it. ``tidy()``
is for shorter commands that have something to clear away.
Guarantees: the handlers do nothing but count; ``fileno`` is readable from the moment a signal
came until ``drain``. First TERM or INT: ``requested``; the second one: ``impatient``.
HUP: from a terminal that was closed it stops like TERM; to a daemon it does nothing (settings
are read at the start, the log is rotated by who keeps it). A closed pipe ends neither.
Limits: only in the main thread. No disposition but PIPE's is set to "ignore", which children
would inherit (Python gives PIPE back to them).
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from runner.cli.front import SHELL

BELL_BYTES = 4096


class StopFlag:
    """How often somebody asked us to stop, and a descriptor to sleep on."""

    def __init__(self) -> None:
        self._asked = 0
        self._bell, self.rope = os.pipe()
        for end in (self._bell, self.rope):
            os.set_blocking(end, False)

    @property
    def requested(self) -> bool:
        """Finish what runs, then stop."""
        return self._asked > 0

    @property
    def impatient(self) -> bool:
        """Stop at once."""
        return self._asked > 1

    def ask(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Ask to stop; asked again: at once."""
        self._asked += 1
        with suppress(BlockingIOError):
            os.write(self.rope, b"!")

    def fileno(self) -> int:
        """Return a descriptor that is readable once something was asked."""
        return self._bell

    def drain(self) -> None:
        """Empty the descriptor; the flags stay."""
        with suppress(BlockingIOError):
            while os.read(self._bell, BELL_BYTES):
                pass

    def close(self) -> None:
        """Close both ends."""
        os.close(self._bell)
        os.close(self.rope)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Be a handler, so that children start with the default."""


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(SHELL + number)


@contextmanager
def _handling(handlers: Mapping[signal.Signals, Any]) -> Iterator[None]:
    """Have these handlers, and no death of a closed pipe, for the length of a block."""
    before = {
        n: signal.signal(n, h) for n, h in {**handlers, signal.SIGPIPE: signal.SIG_IGN}.items()
    }
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def listening() -> Iterator[StopFlag]:
    """Yield a flag that this process's signals set; the handlers go back afterwards."""
    stop = StopFlag()
    handlers: dict[signal.Signals, Any] = dict.fromkeys((signal.SIGTERM, signal.SIGINT), stop.ask)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup stays
        handlers[signal.SIGHUP] = stop.ask if _has_terminal() else _nothing
    # The bell is rung by C as the signal arrives: a handler in Python could come just too late,
    # when the loop has begun to sleep.
    bell = signal.set_wakeup_fd(stop.rope, warn_on_full_buffer=False)
    try:
        with _handling(handlers):
            yield stop
    finally:
        signal.set_wakeup_fd(bell)
        stop.close()


@contextmanager
def tidy() -> Iterator[None]:
    """Let TERM end the block as Ctrl-C does, by an exception, so that it can tidy up."""
    with _handling({signal.SIGTERM: _leave}):
        yield


def _has_terminal() -> bool:
    with suppress(OSError, ValueError):
        return os.isatty(sys.stdin.fileno())
    return False
