"""``status``: what waits, runs and failed, as tables or as JSON.

Guarantees: changes nothing. In a pipe the tables are plain lines, and nothing is cut.
"""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from runner.cli.chosen import EVERYWHERE, Chosen, Json, takes
from runner.cli.jobs import standing
from runner.cli.screen import console, say_json

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
) -> None:
    """Show what waits, runs and failed."""
    from runner.cli.view import look

    layout, settings = standing(chosen.layout), chosen.settings

    def show() -> None:
        if as_json:
            say_json(look(layout, settings, limit=JSON_ROWS), indent=None if watch else 1)
        else:
            console().print(_sheet(chosen))

    if not watch:
        show()
        return
    with suppress(KeyboardInterrupt):  # how one stops watching
        if console().is_terminal and not as_json:
            _draw(chosen, interval)
        while True:
            show()
            time.sleep(interval)


def _sheet(chosen: Chosen) -> "RenderableType":
    from runner.cli.tables import sheet
    from runner.cli.view import look

    return sheet(look(chosen.layout, chosen.settings, limit=ROWS))


def _draw(chosen: Chosen, interval: float) -> NoReturn:
    """Draw on a screen of its own, again and again."""
    from rich.live import Live

    with Live(_sheet(chosen), console=console(), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(interval)
            live.update(_sheet(chosen), refresh=True)
