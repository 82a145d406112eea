"""``config``: every setting, its value, and where it comes from."""

from pathlib import Path

from runner.cli.chosen import ALL, Chosen, Json, takes
from runner.cli.screen import console, name, say_json


@takes(*ALL)
def config(chosen: Chosen, *, as_json: Json = False) -> None:
    """Show every setting, its value, and where it comes from."""
    from runner.config import explain

    rows = explain(chosen.settings, chosen.file, chosen.overrides)
    plain = [(key, _plain(key, value), source) for key, value, source in rows]
    if as_json:
        say_json({key: {"value": value, "source": source} for key, value, source in plain})
        return
    from rich.table import Table

    sheet = Table("setting", "value", "from", box=None, pad_edge=False)
    for key, value, source in plain:
        words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        style = "" if source == "default" else "bold"
        sheet.add_row(*(name(cell, style) for cell in (key, words, source)))
    console().print(sheet)


def _plain(key: str, value: object) -> object:
    """Return a value as a settings file has it."""
    if key == "output_mode":
        return f"{value:04o}"
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value
