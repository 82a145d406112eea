"""Stop the world before the n-th durable step, as a kill -9 would.

After the stop no durable call does anything any more: the process is dead. A write is stopped
half way. ``between`` runs before each step, as other processes do.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from runner.durable import calls

STEPS = (
    "rename", "rename_noreplace", "link", "unlink", "rmdir", "mkdir", "fsync", "open_write",
    "write", "chmod",
)  # fmt: skip


class Stopped(BaseException):
    """The process is dead."""


class Stopper:
    """Replaces the calls while it is entered; ``at`` 0 only counts."""

    def __init__(self, at: int = 0, between: Callable[[], None] = lambda: None) -> None:
        self.at = at
        self.count = 0
        self.log: list[str] = []
        self._between = between
        self._real: dict[str, Callable[..., Any]] = {}

    def dead(self) -> bool:
        """Whether the stop has happened."""
        return bool(self.at) and self.count >= self.at

    def _wrap(self, name: str) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            if self.dead():
                raise Stopped
            self._between()
            self.count += 1
            self.log.append(name)
            if self.dead():
                if name == "write":
                    fd, data = args
                    self._real[name](fd, data[: len(data) // 2])
                raise Stopped
            return self._real[name](*args, **more)

        return step

    def __enter__(self) -> Self:
        for name in STEPS:
            self._real[name] = getattr(calls, name)
            setattr(calls, name, self._wrap(name))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        for name, real in self._real.items():
            setattr(calls, name, real)
        return kind is Stopped
