"""``status``: what waits, runs and failed, as tables or as JSON.

Guarantees: changes nothing. However watching ends, the terminal is as it was. In a pipe the
tables are plain lines, and nothing is cut.
"""

import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from runner.cli.chosen import EVERYWHERE, Chosen, Json, takes
from runner.cli.front import INTERRUPTED
from runner.cli.jobs import standing
from runner.cli.screen import console, say_json
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from rich.console import RenderableType

ROWS = 20
JSON_ROWS = 200


@takes(*EVERYWHERE)
def status(
    chosen: Chosen,
    *,
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Until Ctrl-C.")] = False,
    interval: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="With --watch: how often.")
    ] = 1.0,
) -> int:
    """Show what waits, runs and failed."""
    from runner.cli.view import look

    layout, settings = standing(chosen.layout), chosen.settings

    def show() -> None:
        if as_json:
            say_json(look(layout, settings, limit=JSON_ROWS), indent=None if watch else 1)
        else:
            from runner.cli.tables import sheet

            console().print(sheet(look(layout, settings, limit=ROWS)))

    if not watch:
        show()
        return CommandExit.OK
    try:
        if console().is_terminal and not as_json:
            _draw(chosen, interval)
        while True:
            show()
            time.sleep(interval)
    except KeyboardInterrupt:  # how one stops watching: without a word
        return INTERRUPTED


def _draw(chosen: Chosen, interval: float) -> NoReturn:
    """Draw on a screen of its own, again and again."""
    from rich.live import Live

    from runner.cli.signals import tidy
    from runner.cli.tables import screenful
    from runner.cli.view import look

    screen = console()

    def drawn() -> "RenderableType":
        return screenful(look(chosen.layout, chosen.settings, limit=ROWS), screen)

    # TERM is an exception too, so that the terminal gets back its own screen and cursor.
    with tidy(), Live(drawn(), console=screen, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(interval)
            live.update(drawn(), refresh=True)
