"""The command line's contact with the spool: looking jobs up, taking their leases.

Purpose: ``standing`` (is there a spool?), ``one`` (which job is meant?), ``held`` (its lease).
Diagnostics: ``Unanswered``, a sentence with its exit code.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.job.errors import RunnerError
from runner.job.exits import CommandExit
from runner.job.printable import printable

if TYPE_CHECKING:
    from runner.job.states import State
    from runner.spool import Held, Layout

BUSY_SECONDS = 2.0
"""A lease is mostly taken for a moment only: ask again for so long."""
PAUSE_SECONDS = 0.05


class Unanswered(RunnerError):  # noqa: N818 - it is an answer, and reads like one
    """The command can't be carried out; ``code`` says in which way."""

    def __init__(self, text: str, code: CommandExit = CommandExit.FAILED) -> None:
        super().__init__(text)
        self.code = code


def standing(layout: "Layout") -> "Layout":
    """Return ``layout`` if there is a spool."""
    if not layout.active.is_dir():
        text = f"{layout.root}: there is no spool; `whisper-spool run` makes one, --spool names one"
        raise Unanswered(text, CommandExit.USAGE)
    return layout


def one(layout: "Layout", text: str) -> tuple["State", str]:
    """Return the one job that ``text`` means: its id, an upload's, or the start of an id."""
    from runner import spool

    found = spool.find(standing(layout), text)
    if not found:
        raise Unanswered(f"there is no job {printable(text)!r}", CommandExit.ABSENT)
    if len(found) > 1:
        some = ", ".join(sorted(job for _, job in found)[:4])
        more = ", …" if len(found) > 4 else ""  # noqa: PLR2004 - a handful
        text = f"{printable(text)!r} means {len(found)} jobs: {some}{more}"
        raise Unanswered(text, CommandExit.USAGE)
    return found[0]


@contextmanager
def held(layout: "Layout", state: "State", job: str) -> Iterator["Held"]:
    """Yield the job's lease; ``Unanswered`` when it is busy, gone or damaged."""
    from runner import spool

    deadline = time.monotonic() + BUSY_SECONDS
    got = spool.take(layout, state, job)
    while got is spool.BUSY and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        got = spool.take(layout, state, job)
    if isinstance(got, spool.Damaged):
        raise Unanswered(f"{got.sentence}; look at {layout.job_dir(state, job)} and mend it there")
    if got is spool.BUSY:
        raise Unanswered(f"{job}: somebody is at work on it", CommandExit.BUSY)
    if got is spool.GONE:
        raise Unanswered(f"{job}: it has moved meanwhile; try again", CommandExit.BUSY)
    assert isinstance(got, spool.Held)  # noqa: S101 - the rest is excluded
    try:
        yield got
    finally:
        got.close()
