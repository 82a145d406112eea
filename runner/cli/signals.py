"""Signals that stop the daemon: a handler sets a flag and rings a bell, the loop does the rest.

Purpose: ``StopFlag``, handed to ``runner.dispatcher.run``; ``listening()`` installs it. ``tidy()``
is for shorter commands that have something to clear away.
Guarantees: the handlers do nothing but count; ``fileno`` is readable from the moment a signal
came until ``drain``. First TERM or INT: ``requested``; the second one: ``impatient``.
HUP: from a terminal that was closed it stops like TERM; to a daemon it does nothing (settings
are read at the start, the log is rotated by who keeps it).
Limits: only in the main thread. No disposition is set to "ignore", which children would inherit.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

BELL_BYTES = 4096
SHELL = 128
"""What a shell adds to a signal's number."""
STOPPING = (signal.SIGTERM, signal.SIGINT)


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

    def ask(self) -> None:
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


@contextmanager
def listening() -> Iterator[StopFlag]:
    """Yield a flag that this process's signals set; the handlers go back afterwards."""
    stop = StopFlag()

    def on_stop(_number: int, _frame: FrameType | None) -> None:
        stop.ask()

    def on_nothing(_number: int, _frame: FrameType | None) -> None:
        """Be a handler, so that children start with the default."""

    hangup = on_stop if _has_terminal() else on_nothing
    handlers = dict.fromkeys(STOPPING, on_stop) | {signal.SIGHUP: hangup}
    before = {number: signal.getsignal(number) for number in handlers}
    # The bell is rung by C as the signal arrives: a handler in Python could come just too late,
    # when the loop has begun to sleep.
    bell = signal.set_wakeup_fd(stop.rope, warn_on_full_buffer=False)
    for number, handler in handlers.items():
        if number != signal.SIGHUP or before[number] is not signal.SIG_IGN:  # nohup stays
            signal.signal(number, handler)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(bell)
        for number, old in before.items():
            signal.signal(number, old)
        stop.close()


@contextmanager
def tidy() -> Iterator[None]:
    """Let TERM end the block as Ctrl-C does, by an exception, so that it can tidy up."""

    def on_term(number: int, _frame: FrameType | None) -> None:
        sys.exit(SHELL + number)

    before = signal.signal(signal.SIGTERM, on_term)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _has_terminal() -> bool:
    with suppress(OSError, ValueError):
        return os.isatty(sys.stdin.fileno())
    return False
