"""``--help``: what it says is what the README says, and what there is."""

import re
from pathlib import Path

import pytest
import typer

from runner import __version__
from runner.cli.app import app
from runner.job.exits import CommandExit
from tests.cli.typed import typed

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
COMMANDS = sorted(getattr(typer.main.get_command(app), "commands", {}))


def rows(heading: str) -> list[str]:
    """The lines of the README's first table under a heading."""
    below = README.split(f"# {heading}\n")[1].split("\n#")[0]
    return [line for line in below.splitlines() if line.startswith("| ")]


def described() -> dict[str, str]:
    """Each command of the README's table, and its whole row."""
    table = {
        name: row
        for row in rows("Operate")
        for name in re.findall(r"`whisper-spool (\w+)", row.split("|")[1])
    }
    assert table
    return table


def test_every_command_has_its_row_and_every_row_its_command() -> None:
    """The README's table of commands must be the list of commands."""
    assert sorted(described()) == sorted({*COMMANDS, "models"})


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str) -> None:
    """`--help` must exit 0, and have each option that the README names."""
    said = typed(command, "--help", env={"COLUMNS": "120"})
    assert (said.code, said.err) == (0, "")
    assert f"Usage: whisper-spool {command}" in said.out
    for option in re.findall(r"(?<!\w)--[a-z-]+", described()[command]):
        assert option in said.out
    if command not in {"demo", "models"}:
        assert "--spool" in said.out
        assert "--config" in said.out


def test_help_lists_the_exit_codes_of_the_readme() -> None:
    """`--help` must explain each exit code, in the README's words where it is short."""
    for words in (("--help",), ("-h",)):
        said = typed(*words, env={"COLUMNS": "200"})
        assert said.code == 0
        for code in CommandExit:
            row = next(row for row in rows("Exit codes") if row.startswith(f"| {int(code)} "))
            meaning = row.split("|")[2].strip().split(":")[0].split(";")[0].split(",")[0]
            assert re.search(rf"^ *{int(code)}  {re.escape(meaning)}", said.out, re.MULTILINE)


def test_version() -> None:
    """`--version` must say the version and nothing else."""
    assert typed("--version").out == f"whisper-spool {__version__}\n"


def test_nothing_at_all_shows_the_help() -> None:
    """Without a command the help must be shown, with exit 2 for scripts."""
    said = typed()
    assert said.code == 2
    assert "Usage: whisper-spool" in said.out + said.err
