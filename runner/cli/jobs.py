"""The command line's contact with the spool: which job is meant, and its lease.

Purpose: ``standing`` (is there a spool?), ``one``, ``held``; ``each`` acts on
several jobs and goes on when one can't be moved.
Diagnostics: ``Unanswered``, a sentence with its exit code.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.front import Unanswered, code_of, complain
from runner.cli.screen import say
from runner.job.errors import RunnerError
from runner.job.exits import CommandExit
from runner.job.states import State

if TYPE_CHECKING:
    from runner.spool import Held, Layout

BUSY_SECONDS = 2.0
"""A lease is mostly taken for a moment only: ask again for so long."""
PAUSE_SECONDS = 0.05
SOME = 4
WORDS = {
    State.ACTIVE: "running",
    State.DEFERRED: "waiting for its next attempt",
    State.DONE: "done",
    State.FAILED: "failed",
}
Jobs = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Jobs' ids, their starts, or uploads'.")
]


def standing(layout: "Layout") -> "Layout":
    """Return ``layout`` if there is a spool."""
    if not layout.active.is_dir():
        text = f"{layout.root}: there is no spool; `whisper-spool run` makes one, --spool names one"
        raise Unanswered(text, CommandExit.USAGE)
    return layout


def one(layout: "Layout", text: str) -> tuple[State, str]:
    """Return the one job that ``text`` means: its id, an upload's, or the start of an id."""
    from runner import spool

    found = spool.find(standing(layout), text)
    if not found:
        raise Unanswered(f"there is no job {text!r}", CommandExit.ABSENT)
    if len(found) > 1:
        some = ", ".join(sorted(job for _, job in found)[:SOME])
        more = ", …" if len(found) > SOME else ""
        raise Unanswered(f"{text!r} means {len(found)} jobs: {some}{more}", CommandExit.USAGE)
    return found[0]


@contextmanager
def held(layout: "Layout", state: State, job: str) -> Iterator["Held"]:
    """Yield the job's lease; ``Unanswered`` when it is busy, gone or damaged."""
    from runner import spool

    deadline = time.monotonic() + BUSY_SECONDS
    got = spool.take(layout, state, job)
    while got is spool.BUSY and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        got = spool.take(layout, state, job)
    if isinstance(got, spool.Damaged):
        raise Unanswered(f"{got.sentence}; look at {layout.job_dir(state, job)} and mend it there")
    if not isinstance(got, spool.Held):
        why = "somebody is at work on it" if got is spool.BUSY else "it has moved meanwhile"
        raise Unanswered(f"{job}: {why}; try again", CommandExit.BUSY)
    with got:
        yield got


def each(jobs: Iterable[str], act: Callable[[str], str]) -> CommandExit:
    """Act on each job and say what came of it; return the first exit code that is not 0."""
    first = CommandExit.OK
    for job in dict.fromkeys(jobs):
        try:
            say(act(job))
        except RunnerError as error:
            first = first or complain(str(error), code_of(error))
    return first
