"""Everything the pool listens to, behind one descriptor.

Purpose: ``Ears``: descriptors with what to do when they can be read. Its own descriptor (epoll's
or kqueue's) is readable when any of them is, so that the daemon's loop registers one.
Guarantees: ``hear`` never blocks; something removed by an earlier reaction is not called.
"""

import selectors
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class HasFileno(Protocol):
    """A thing with a descriptor."""

    def fileno(self) -> int:
        """Return it."""


class Drain(HasFileno, Protocol):
    """A pipe that is read until nobody writes."""

    closed: bool

    def read(self) -> None:
        """Take a bite."""


Source = int | HasFileno


class Ears:
    """The set of sources."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def fileno(self) -> int:
        """Return the one descriptor to wait on."""
        return self._selector.fileno()  # epoll and kqueue have one

    def add(self, source: Source, react: Callable[[float], None]) -> None:
        """Call ``react`` whenever ``source`` can be read."""
        self._selector.register(source, selectors.EVENT_READ, react)

    def add_drain(self, drain: Drain) -> None:
        """Read ``drain`` as it fills; forget it when nobody can write any more."""

        def react(_now: float) -> None:
            drain.read()
            if drain.closed:
                self.remove(drain)

        self.add(drain, react)

    def remove(self, *sources: Source | None) -> None:
        """Forget sources; those that are not known are no matter."""
        for source in sources:
            if source is not None:
                with suppress(KeyError, ValueError):
                    self._selector.unregister(source)

    def hear(self, now: float) -> None:
        """React to everything that can be read now."""
        for key, _ in self._selector.select(0):
            if key.fd in self._selector.get_map():
                key.data(now)

    def close(self) -> None:
        """Forget everything."""
        self._selector.close()
