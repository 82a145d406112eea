"""``config``: every setting, its value, and where it comes from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.screen import console, say
from runner.cli.toml import table
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen

DEFAULT = "default"


def config(chosen: "Chosen", *, toml: bool, as_json: bool) -> CommandExit:
    """Print the settings as a table, as TOML or as JSON."""
    from runner.config import explain

    rows = explain(chosen.settings, chosen.file, chosen.overrides)
    plain = [(name, _plain(name, value), source) for name, value, source in rows]
    if as_json:
        facts = {name: {"value": value, "source": source} for name, value, source in plain}
        say(json.dumps(facts, ensure_ascii=False, indent=1))
    elif toml:
        say(table({name: value for name, value, _ in plain}), end="")
    else:
        _print(plain)
    return CommandExit.OK


def _plain(name: str, value: object) -> object:
    if name == "output_mode":
        return f"{value:04o}"
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _print(rows: list[tuple[str, object, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    sheet = Table("setting", "value", "from", box=None, pad_edge=False)
    for name, value, source in rows:
        style = "" if source == DEFAULT else "bold"
        words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        cells = (name, words, source)
        sheet.add_row(*(Text(cell, style=style, overflow="fold") for cell in cells))
    console().print(sheet)
