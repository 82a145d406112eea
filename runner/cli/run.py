"""``run``: the daemon in the foreground, with its signals."""

from typing import Annotated

import typer

from runner.cli.chosen import ALL, Chosen, takes


@takes(*ALL)
def run(
    chosen: Chosen,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End when the work is done: for cron and batches.")
    ] = False,
) -> int:
    """Watch the inbox and transcribe, until stopped (TERM or Ctrl-C; twice: at once)."""
    from runner import dispatcher
    from runner.cli.signals import listening

    settings = chosen.settings
    with listening() as stop:
        return dispatcher.run(settings, stop=stop, once=once)
