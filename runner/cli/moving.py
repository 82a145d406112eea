"""``retry``, ``remove``, ``pause``, ``resume``: moves by hand.

Guarantees: each move is made under the job's lease, whether or not a runner is at work. Of
several jobs each is tried; the exit code is that of the first that could not be moved.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from runner.cli.front import code_of
from runner.cli.jobs import Unanswered, held, one, standing
from runner.cli.screen import complain, say
from runner.job.errors import RunnerError
from runner.job.exits import CommandExit
from runner.job.printable import printable
from runner.job.states import State

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.spool import Layout


def each(jobs: Iterable[str], act: Callable[[str], str]) -> CommandExit:
    """Act on each job and say what came of it; return the first exit code that is not 0."""
    first = CommandExit.OK
    for job in dict.fromkeys(jobs):
        try:
            say(act(job))
        except RunnerError as error:
            first = first or complain(str(error), code_of(error))
    return first


def retry(chosen: "Chosen", jobs: list[str]) -> CommandExit:
    """Move failed jobs to ``deferred/``, due now."""
    return each(jobs, lambda text: _retry(chosen.layout, text))


def _retry(layout: "Layout", text: str) -> str:
    from runner import spool

    state, job = one(layout, text)
    if state is not State.FAILED:
        raise Unanswered(f"{job}: only a failed job can be tried again, and it is {WHERE[state]}")
    with held(layout, state, job) as lease:
        name = printable(lease.record.name.text)
        if not spool.retry(lease, now=time.time()):
            raise Unanswered(f"{job}: the recording {name} is no longer kept; drop it again")
    return f"{job}: {name} will be tried again" + _when(layout)


WHERE = {
    State.ACTIVE: "at work",
    State.DEFERRED: "waiting for its next attempt",
    State.DONE: "done",
    State.FAILED: "failed",
}


def _when(layout: "Layout") -> str:
    from runner import spool

    if any(spool.runner_alive(layout, name) for name in spool.runners(layout)):
        return ""
    return " (as soon as a runner is started)"


def remove(chosen: "Chosen", jobs: list[str]) -> CommandExit:
    """Forget finished jobs and their files."""
    return each(jobs, lambda text: _remove(chosen.layout, text))


def _remove(layout: "Layout", text: str) -> str:
    from runner import spool

    state, job = one(layout, text)
    if state not in (State.DONE, State.FAILED):
        raise Unanswered(f"{job}: it is {WHERE[state]}; cancel it first")
    with held(layout, state, job) as lease:
        name = printable(lease.record.name.text)
        spool.remove(lease)
    return f"{job}: {name} is forgotten"


def switch(chosen: "Chosen", *, paused: bool) -> CommandExit:
    """Pause or resume all runners of the spool."""
    from runner import spool

    changed = spool.set_paused(standing(chosen.layout), paused)
    if paused:
        say("paused: nothing more is claimed, running jobs go on" if changed else "paused already")
    else:
        say("resumed: files are claimed again" if changed else "was not paused")
    return CommandExit.OK
