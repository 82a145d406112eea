"""The screen: colours on a terminal, plain text in a pipe.

Purpose: ``say`` a line, ``say_json``, ``console()`` for rich; words for times and sizes.
Guarantees: what strangers named can't steer a terminal: lines and cells hold no control
characters, JSON is ASCII. In a pipe nothing is coloured, cut or wrapped.
"""

import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.filesize import decimal

from runner.job.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH = 10_000


def console(*, error: bool = False) -> "Console":
    """Return where to print; standard error on request."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    wide = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=wide, highlight=False, markup=False, emoji=False)


def say(line: str = "") -> None:
    """Print one line."""
    print(printable(line), flush=True)  # noqa: T201 - this is the room that prints


def say_json(value: object, *, indent: int | None = 1) -> None:
    """Print for programs; without ``indent`` on one line."""
    print(json.dumps(value, indent=indent), flush=True)  # noqa: T201 - see above


def name(text: str, style: str = "") -> "Text":
    """Return a stranger's words for a table."""
    from rich.text import Text

    return Text(printable(text), style=style, overflow="fold")


def duration(seconds: float) -> str:
    """Return ``seconds`` as clocks show them: 0:03:20."""
    return str(timedelta(seconds=max(round(seconds), 0)))


def instant(wall: float | None) -> str:
    """Return a wall-clock second in local time."""
    return "" if wall is None else f"{datetime.fromtimestamp(wall).astimezone():%Y-%m-%d %H:%M:%S}"


def size(count: float) -> str:
    """Return a number of bytes in a unit that fits: 3.2 kB."""
    return decimal(int(count))
