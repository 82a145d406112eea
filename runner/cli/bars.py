"""How far recordings are: bars on a terminal, a line for each change in a pipe.

Purpose: ``shown(recordings)``, a context with ``show()``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from runner.cli.screen import console
from runner.cli.waiting import Followed
from runner.job.printable import printable
from runner.job.states import State

WIDTH = 24


class Display(Protocol):
    """Draws what is known of the recordings."""

    def show(self) -> None:
        """Draw it now."""


@contextmanager
def shown(recordings: Sequence[Followed], *, error: bool = False) -> Iterator[Display]:
    """Yield what fits standard output, or standard error."""
    screen = console(error=error)
    if not screen.is_terminal:
        yield Lines(recordings, screen)
        return
    columns = (
        TextColumn("{task.fields[file]}", markup=False),
        BarColumn(WIDTH),
        TaskProgressColumn(markup=False),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    with Progress(*columns, console=screen) as progress:
        yield Bars(recordings, progress)


class Bars:
    """A bar each."""

    def __init__(self, recordings: Sequence[Followed], progress: Progress) -> None:
        self._progress = progress
        self._tasks = [
            (one, progress.add_task("", total=1.0, file=_name(one), doing="")) for one in recordings
        ]

    def show(self) -> None:
        """Draw how far everything is."""
        for one, task in self._tasks:
            done = 1.0 if one.state is State.DONE else one.progress
            self._progress.update(task, completed=done, doing=_doing(one))


class Lines:
    """A line whenever a recording has come to something else."""

    def __init__(self, recordings: Sequence[Followed], screen: Console) -> None:
        self._screen = screen
        self._said: dict[int, str] = {}
        self._recordings = recordings

    def show(self) -> None:
        """Print what has changed since the last time."""
        for number, one in enumerate(self._recordings):
            word = _stage(one)
            if self._said.get(number) != word:
                self._said[number] = word
                self._screen.print(f"{_name(one)}: {word}")


def _name(one: Followed) -> str:
    return printable(one.dropped.given.name)


def _stage(one: Followed) -> str:
    if one.over or one.state is State.DEFERRED:
        return _doing(one)
    if one.state is State.ACTIVE:
        return "running" if one.progress else "claimed"
    return "waiting"


def _doing(one: Followed) -> str:
    if one.over:
        return {State.DONE: "done", State.FAILED: "failed"}.get(one.state or State.ACTIVE, "gone")
    return printable(one.doing)
