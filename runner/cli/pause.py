"""``pause`` and ``resume``: all runners of a spool claim nothing, or go on."""

from runner.cli.chosen import EVERYWHERE, Chosen, takes
from runner.cli.jobs import standing
from runner.cli.screen import say


@takes(*EVERYWHERE)
def pause(chosen: Chosen) -> None:
    """Claim nothing more; running jobs go on."""
    from runner import spool

    changed = spool.set_paused(standing(chosen.layout), paused=True)
    say("paused: nothing more is claimed, running jobs go on" if changed else "paused already")


@takes(*EVERYWHERE)
def resume(chosen: Chosen) -> None:
    """Claim again."""
    from runner import spool

    changed = spool.set_paused(standing(chosen.layout), paused=False)
    say("resumed: files are claimed again" if changed else "was not paused")
