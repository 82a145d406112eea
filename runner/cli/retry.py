"""``retry``: failed jobs go to ``deferred/``, due now, with all their attempts.

Guarantees: made under the job's lease, whether or not a runner is at work.
"""

import time

from runner.cli.chosen import EVERYWHERE, Chosen, takes
from runner.cli.front import Unanswered
from runner.cli.jobs import WORDS, Jobs, each, held, one
from runner.job.states import State


@takes(*EVERYWHERE)
def retry(chosen: Chosen, jobs: Jobs) -> int:
    """Try failed jobs again, with all their attempts."""
    from runner import spool

    layout = chosen.layout

    def act(text: str) -> str:
        state, job = one(layout, text)
        if state is not State.FAILED:
            raise Unanswered(
                f"{job}: only a failed job can be tried again, and it is {WORDS[state]}"
            )
        with held(layout, state, job) as lease:
            name = lease.record.name.text
            if not spool.retry(lease, now=time.time()):
                raise Unanswered(f"{job}: the recording {name} is no longer kept; drop it again")
        alive = any(spool.runner_alive(layout, runner) for runner in spool.runners(layout))
        when = "" if alive else " (as soon as a runner is started)"
        return f"{job}: {name} will be tried again{when}"

    return each(jobs, act)
