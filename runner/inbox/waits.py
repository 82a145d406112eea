"""Why files have no turn, by what the room knows them by.

Purpose: ``Waits``: a table of ``Wait`` that keeps count of the stuck and of the listed ones.
Guarantees: the counts cost nothing to ask for, however many files wait.
"""

from collections.abc import Iterator

from runner.inbox.tickets import Wait


class Waits:
    """At most one reason a file."""

    def __init__(self) -> None:
        self.stuck = 0
        self.listed = 0
        self._waits: dict[int, Wait] = {}

    def __contains__(self, key: int) -> bool:
        return key in self._waits

    def get(self, key: int) -> Wait | None:
        """Return why a file waits, if it was looked at and had to."""
        return self._waits.get(key)

    def put(self, key: int, wait: Wait) -> None:
        """Remember why a file waits."""
        self.forget(key)
        self._waits[key] = wait
        self.stuck += wait.stuck
        self.listed += wait.listed

    def forget(self, key: int) -> None:
        """The file waits no longer, or is gone."""
        wait = self._waits.pop(key, None)
        if wait:
            self.stuck -= wait.stuck
            self.listed -= wait.listed

    def all_listed(self) -> Iterator[tuple[int, Wait]]:
        """Give what is to be shown among the troubles."""
        if self.listed:
            yield from ((key, wait) for key, wait in self._waits.items() if wait.listed)
