"""``prune``: remove what the settings no longer keep.

Guarantees: ``--dry-run`` touches nothing and prints what a run would remove. After the clock was
changed nothing is removed until the operator says that it is right.
"""

import time
from typing import Annotated

import typer

from runner.cli.chosen import EVERYWHERE, Chosen, takes
from runner.cli.front import Unanswered
from runner.cli.jobs import standing
from runner.cli.screen import say, size

SWEEP = 10_000
WHAT = {"job": "the job", "source": "its recording"}


@takes(*EVERYWHERE)
def prune(
    chosen: Chosen,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="After the clock was changed: go on.")
    ] = False,
) -> None:
    """Remove what is older, or more, than the settings keep."""
    from runner import spool

    layout, settings, now = standing(chosen.layout), chosen.settings, time.time()
    if clock_is_right and not dry_run:
        spool.confirm_clock(layout)
    if spool.clock_doubted(layout) and not dry_run:
        raise Unanswered(
            "the clock was changed while a runner was at work; look at `date`, then say "
            "`whisper-spool prune --clock-is-right`"
        )
    gone = spool.prune_plan(layout, spool.keep_law(settings), now=now)
    if not dry_run:
        gone = spool.carry_out(layout, gone)
        keep = settings.keep_staging_seconds
        spool.sweep_staging(layout, now=now, keep_seconds=keep, budget=SWEEP)
    for one in gone:
        say(f"{one.id}  {one.state}  {WHAT[one.what]}  {size(one.size)}  {one.why}")
    verb = "would go" if dry_run else "gone"
    say(f"{len(gone)} {verb}, {size(sum(one.size for one in gone))}")
