"""``prune``: remove what the settings no longer keep.

Guarantees: ``--dry-run`` touches nothing and prints what a run would remove. After the clock was
changed nothing is removed until the operator says that it is right.
"""

import time
from typing import TYPE_CHECKING

from runner.cli.jobs import Unanswered, standing
from runner.cli.screen import say, size
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.spool import Doomed

SWEEP = 10_000


def prune(chosen: "Chosen", *, dry_run: bool, clock_is_right: bool) -> CommandExit:
    """Print and remove."""
    from runner import spool

    layout, now = standing(chosen.layout), time.time()
    if clock_is_right and not dry_run:
        spool.confirm_clock(layout)
    if spool.clock_doubted(layout) and not dry_run:
        raise Unanswered(
            "the clock was changed while a runner was at work; look at `date`, then say "
            "`whisper-spool prune --clock-is-right`"
        )
    law = spool.keep_law(chosen.settings)
    plan = spool.prune_plan(layout, law, now=now)
    gone = plan if dry_run else spool.carry_out(layout, plan)
    for doomed in gone:
        say(_line(doomed))
    if not dry_run:
        keep = chosen.settings.keep_staging_seconds
        spool.sweep_staging(layout, now=now, keep_seconds=keep, budget=SWEEP)
    verb = "would go" if dry_run else "gone"
    say(f"{len(gone)} {verb}, {size(sum(doomed.size for doomed in gone))}")
    return CommandExit.OK


def _line(doomed: "Doomed") -> str:
    what = "the job" if doomed.what == "job" else "its recording"
    return f"{doomed.id}  {doomed.state.value}  {what}  {size(doomed.size)}  {doomed.why}"
