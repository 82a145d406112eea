"""The screen: colours on a terminal, plain text in a pipe, sentences on standard error.

Purpose: ``console()``, ``say``, ``complain``; words for times and sizes.
Guarantees: names of strangers are shown with ``name``: no markup, no control characters. In a
pipe nothing is coloured, cut or wrapped.
"""

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from runner.job.exits import CommandExit
from runner.job.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH = 10_000
MINUTE, HOUR, DAY = 60, 3600, 86400
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


def console(*, error: bool = False) -> "Console":
    """Return where to print; standard error on request."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if error else sys.stdout
    wide = None if stream.isatty() else PIPE_WIDTH
    return Ours(file=stream, width=wide, highlight=False, markup=False, emoji=False)


def say(line: str = "", *, end: str = "\n") -> None:
    """Print one line of our own words; strangers' names in it must be ``printable`` already."""
    print(line, end=end, flush=True)  # noqa: T201 - this is the room that prints


def complain(sentence: str, code: CommandExit = CommandExit.FAILED) -> CommandExit:
    """Print one sentence on standard error; return ``code``."""
    print(f"whisper-spool: {printable(sentence)}", file=sys.stderr)  # noqa: T201 - see above
    return code


def name(text: str, style: str = "") -> "Text":
    """Return a stranger's words for a table."""
    from rich.text import Text

    return Text(printable(text), style=style, overflow="ellipsis")


def duration(seconds: float) -> str:
    """Return ``seconds`` as people say it: 8 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return _two(whole, MINUTE, "min", 1, "s")
    if whole < DAY:
        return _two(whole, HOUR, "h", MINUTE, "min")
    return _two(whole, DAY, "d", HOUR, "h")


def _two(whole: int, large: int, large_word: str, small: int, small_word: str) -> str:
    rest = whole % large // small
    return f"{whole // large} {large_word}" + (f" {rest} {small_word}" if rest else "")


def instant(wall: float | None) -> str:
    """Return a wall-clock second in local time."""
    if wall is None:
        return ""
    return datetime.fromtimestamp(wall).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def size(count: float) -> str:
    """Return a number of bytes in a unit that fits."""
    for unit in UNITS[:-1]:
        if abs(count) < STEP:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= STEP
    return f"{count:.1f} {UNITS[-1]}"
