"""One byte a file: whether the walk at hand has met it.

Purpose: ``Marks`` hands out numbers, and tells which were not touched since ``begin``.
Why: a second table of what was met would double the memory of a long inbox.
"""

from array import array


class Marks:
    """Numbered marks, used again when they are given back."""

    def __init__(self) -> None:
        self._round = 0
        self._marks = bytearray()
        self._free = array("I")

    def begin(self) -> None:
        """Begin a round in which nothing is touched yet."""
        self._round ^= 1

    def new(self) -> int:
        """Return the number of a mark that is touched."""
        if self._free:
            number = self._free.pop()
            self._marks[number] = self._round
            return number
        self._marks.append(self._round)
        return len(self._marks) - 1

    def touch(self, number: int) -> None:
        """Note that it was met."""
        self._marks[number] = self._round

    def touched(self, number: int) -> bool:
        """Return whether it was met in this round."""
        return self._marks[number] == self._round

    def give_back(self, number: int) -> None:
        """Let the number be used for another."""
        self._free.append(number)
