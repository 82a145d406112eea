"""``remove``: finished jobs and their files are forgotten.

Guarantees: made under the job's lease; what is in the outbox stays.
"""

from runner.cli.chosen import EVERYWHERE, Chosen, takes
from runner.cli.front import Unanswered
from runner.cli.jobs import WORDS, Jobs, each, held, one
from runner.job.states import State


@takes(*EVERYWHERE)
def remove(chosen: Chosen, jobs: Jobs) -> int:
    """Forget finished jobs and their recordings. What is in the outbox stays."""
    from runner import spool

    def act(text: str) -> str:
        state, job = one(chosen.layout, text)
        if state not in (State.DONE, State.FAILED):
            raise Unanswered(f"{job}: it is {WORDS[state]}; cancel it first")
        with held(chosen.layout, state, job) as lease:
            name = lease.record.name.text
            spool.remove(lease)
        return f"{job}: {name} is forgotten"

    return each(jobs, act)
