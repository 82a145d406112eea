"""The documents tell the truth: what they name exists, and what exists is named."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

import runner
from runner.cli.app import app
from runner.config import Settings
from runner.job.exits import CommandExit
from runner.job.outcomes import Refusal
from runner.job.verdict import RULES

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "runner"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "deploy").iterdir()])


def text_of(name: str) -> str:
    """A document's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def rows_under(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of the README, without its head."""
    below = re.split(rf"^#+ {re.escape(heading)}$", text_of("README.md"), flags=re.MULTILINE)[1]
    table = [line for line in below.split("\n#")[0].splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table[2:]]


@cache
def commands() -> dict[str, Any]:
    """Every command of the program by its words: ``models pull``."""
    program = typer.main.get_command(app)
    found: dict[str, Any] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        found[" ".join(words)] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*words, name))

    walk(program, ())
    return found


def command_lines() -> list[tuple[str, str]]:
    """(document, words after the program's name) of every command line in a document."""
    return [
        (path.name, match[1])
        for path in DOCUMENTS
        for match in re.finditer(r"whisper-spool ([^`\n]+)", path.read_text(encoding="utf-8"))
        if re.match(r"(--?\w|[a-z]+\b)", match[1])
    ]


def test_exit_codes() -> None:
    """The README's list of exit codes must be the command line's."""
    assert [int(row[0]) for row in rows_under("Exit codes")] == sorted(CommandExit)


@pytest.mark.parametrize("row", rows_under("Settings that people change"), ids=lambda r: r[0])
def test_variables_and_their_defaults(row: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable of the README's table must be a setting, with the default it states."""
    variable, default, _ = row
    name = variable.removeprefix("RUNNER_").lower()
    assert name in Settings.model_fields
    monkeypatch.delenv(variable, raising=False)
    theirs = getattr(Settings(), name)
    monkeypatch.setenv(variable, default)
    assert getattr(Settings(), name) == theirs


def test_every_variable_named_anywhere_is_a_setting() -> None:
    """No document may name a RUNNER_ variable that nothing reads."""
    known = {f"RUNNER_{name.upper()}" for name in Settings.model_fields} | {"RUNNER_CONFIG"}
    named = {
        word
        for path in DOCUMENTS
        for word in re.findall(r"RUNNER_[A-Z][A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert named - known == set()


def test_every_setting_named_in_prose_exists() -> None:
    """A name in code style that ends in a unit must be a setting (or an option) of that name."""
    pattern = r"`([a-z_]+_(?:seconds|bytes|mode|attempts|models|name|names|paths))\b"
    named = {w for path in ROOT.glob("*.md") for w in re.findall(pattern, path.read_text())}
    assert named
    assert named - set(Settings.model_fields) == set()


def codes_in_code() -> set[str]:
    """Every code that a reason can carry: refusals, outcomes that are buried, literals."""
    literal = {
        str(keyword.value.value)
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Reason"
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    buried = {"crashed", "engine_failed", "over_memory", "overdue", "stalled"}
    buried |= {"cancelled", "poison"}
    assert buried <= {*map(str, RULES), "poison"}
    return literal | buried | {str(refusal) for refusal in Refusal}


def test_every_reason_for_failing_is_explained() -> None:
    """The README's table must hold each code that a failed job can carry, and no other."""
    assert {row[0] for row in rows_under("When a job fails")} == codes_in_code()


@pytest.mark.parametrize(("document", "line"), command_lines())
def test_every_command_line_can_be_typed(document: str, line: str) -> None:
    """Each `whisper-spool …` in a document must be a command, with options that it has."""
    words = line.split(" #", maxsplit=1)[0].split()
    shared = {o for p in commands()[""].params for o in p.opts}
    while words and words[0] in shared:
        words = words[2:]
    name = (
        next((n for n in (" ".join(words[:2]), words[0]) if n in commands()), None) if words else ""
    )
    assert name is not None, f"{document}: whisper-spool {line}"
    known = {o for p in commands()[name].params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    options = {word.rstrip(".,;:)") for word in words if word.startswith("--")}
    assert options - known - shared == set(), f"{document}: whisper-spool {line}"


def test_every_command_is_in_the_readme() -> None:
    """A command that exists must be named in the README."""
    named = text_of("README.md")
    hidden = {name for name, command in commands().items() if command.hidden}
    assert [
        n for n in commands() if n and n not in hidden and f"whisper-spool {n}" not in named
    ] == []


def test_links_lead_somewhere() -> None:
    """Relative links must lead to a file, and to a heading where they name one."""
    for path in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            other = ROOT / name if name else path
            assert other.exists(), f"{path.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in map(anchor_of, headings), f"{path.name}: {target}"


def anchor_of(heading: str) -> str:
    """The anchor that a heading gets where such documents are shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_code_map_is_complete() -> None:
    """ARCHITECTURE.md must name every room, and no room that is not there."""
    named = set(re.findall(r"`runner/([a-z]+)`", text_of("ARCHITECTURE.md")))
    rooms = {p.name for p in HOUSE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert named == rooms


def test_the_newest_version_is_in_the_changelog() -> None:
    """The version of the code must have its section in CHANGELOG.md."""
    assert f"## [{runner.__version__}]" in text_of("CHANGELOG.md")


def test_no_placeholder_is_left() -> None:
    """No document may be published with a place that waits for a figure."""
    for path in ROOT.glob("*.md"):
        assert "<!-- figures" not in path.read_text(encoding="utf-8"), path.name


def test_make_targets_named_in_documents_exist() -> None:
    """Each `make …` in a document must be a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    for path in ROOT.glob("*.md"):
        named = re.findall(r"^make ([a-z]+)|`make ([a-z]+)", path.read_text(), re.MULTILINE)
        assert {a or b for a, b in named} <= targets, path.name


def test_the_description_is_the_readmes() -> None:
    """The package must be described by a README that exists, under the licence that is there."""
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert (ROOT / project["readme"]).is_file()
    assert project["license"] in text_of("LICENSE")
