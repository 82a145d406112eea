"""The slots: one attempt each, bound to a device.

Purpose: ``Slots``; who has which.
Guarantees: a slot is free, taken, or lost to a process that survives SIGKILL.
"""

from collections.abc import Sequence


class Slots:
    """None until they are opened."""

    def __init__(self) -> None:
        self._devices: tuple[str, ...] = ()
        self._free: set[int] = set()
        self._lost: set[int] = set()

    def open(self, devices: Sequence[str]) -> None:
        """Open one slot for each entry."""
        self._devices = tuple(devices)
        self._free = set(range(len(devices)))

    def __len__(self) -> int:
        """Return how many can work: lost ones don't count."""
        return len(self._devices) - len(self._lost)

    @property
    def free(self) -> int:
        """How many are free."""
        return len(self._free)

    def take(self) -> tuple[int, str] | None:
        """Take the first free slot; return its number and device."""
        if not self._free:
            return None
        slot = min(self._free)
        self._free.remove(slot)
        return slot, self._devices[slot]

    def give_back(self, slot: int) -> None:
        """The slot's worker has gone."""
        self._lost.discard(slot)
        self._free.add(slot)

    def lose(self, slot: int) -> None:
        """The slot's worker can't be ended."""
        self._lost.add(slot)
