"""The laws of the floor plan (ARCHITECTURE.md), one assertion each.

A law that hurts is changed here and in ARCHITECTURE.md together, with the reason.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "runner"

GROUND = {"job", "options", "durable", "config"}
FLOORS: dict[str, int] = {
    **dict.fromkeys(GROUND, 0),
    **dict.fromkeys(("spool", "inbox", "telemetry", "models", "media", "engines"), 1),
    **dict.fromkeys(("pool", "template", "worker"), 2),
    **dict.fromkeys(("dispatcher", "notices", "gateway", "remote"), 3),
    "cli": 4,
}
DAEMON = {*GROUND, "spool", "inbox", "telemetry", "pool", "dispatcher", "notices", "cli"}
WORKER = {"models", "media", "engines", "template", "worker"}
HEAVY = {"torch", "numpy", "av", "whisper", "numba", "tiktoken"}
# Downward on one floor: record before verdict before wire; and a template is a worker that
# takes no order but makes workers, so it calls what a worker calls.
SAME_FLOOR = {
    ("template", "worker"), ("config", "job"), ("options", "job"), ("options", "config"),
    ("durable", "job"), ("engines", "models"),
}  # fmt: skip


def rooms_files() -> list[Path]:
    """Every source file of the house."""
    return sorted(p for p in HOUSE.rglob("*.py"))


def room_of(path: Path) -> str:
    """The room a file belongs to; the front step (package root) counts as the roof."""
    parts = path.relative_to(HOUSE).parts
    return parts[0] if len(parts) > 1 else "cli"


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls_of(path: Path) -> Iterator[tuple[str, int]]:
    """Every dotted call of a file with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def offenders(names: set[str], allowed: set[str]) -> list[str]:
    """Calls of ``names`` outside the rooms ``allowed``, as file:line call."""
    return [
        f"{path.relative_to(ROOT)}:{line} {call}"
        for path in rooms_files()
        if room_of(path) not in allowed
        for call, line in calls_of(path)
        if call in names
    ]


def test_every_room_is_on_the_plan() -> None:
    """Each folder of the house must be a room with a floor."""
    rooms = {room_of(path) for path in rooms_files()}
    assert rooms <= set(FLOORS)


def test_imports_go_strictly_downward() -> None:
    """A room must import only rooms of lower floors."""
    wrong = []
    for path in rooms_files():
        room = room_of(path)
        for module in imports_of(path):
            parts = module.split(".")
            if parts[0] != "runner" or len(parts) < 2 or parts[1] not in FLOORS:
                continue
            other = parts[1]
            below = FLOORS[other] < FLOORS[room] or (room, other) in SAME_FLOOR
            if other != room and not below:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_the_wall_between_daemon_and_worker_side() -> None:
    """The daemon side must import neither the worker side nor what it computes with."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in rooms_files()
        if room_of(path) in DAEMON
        for module in imports_of(path)
        if module.split(".")[0] in HEAVY
        or (module.startswith("runner.") and module.split(".")[1] in WORKER)
    ]
    assert wrong == []


def test_the_daemon_process_holds_nothing_heavy() -> None:
    """Importing the whole daemon must load none of torch, numpy, av, whisper."""
    script = (
        "import sys, runner.dispatcher, runner.cli, runner.pool, runner.inbox, runner.spool;"
        f"print(sorted(set(sys.modules) & {HEAVY!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_only_durable_changes_names_on_disk() -> None:
    """Rename, link, unlink, rmdir and fsync must be called in durable alone."""
    verbs = {"rename", "replace", "link", "unlink", "remove", "rmdir", "fsync", "fdatasync"}
    names = {f"os.{verb}" for verb in (*verbs, "renames", "removedirs", "sync")}
    names |= {"shutil.move", "shutil.rmtree"}
    assert offenders(names, {"durable"}) == []
    methods = [
        f"{path.relative_to(ROOT)}:{line} {call}"
        for path in rooms_files()
        if room_of(path) != "durable"
        for call, line in calls_of(path)
        if call.rpartition(".")[2] in {"rename", "unlink", "rmdir", "hardlink_to", "symlink_to"}
        and not call.startswith(("durable.", "calls."))
        and "." in call
    ]
    assert methods == []


def test_only_pool_template_and_notices_start_or_end_processes() -> None:
    """Starting and killing processes must happen in pool, template and notices alone."""
    kills = {"os.fork", "os.kill", "os.killpg", "os.execv", "os.execve", "os.posix_spawn"}
    kills |= {"signal.pidfd_send_signal", "os.system", "subprocess.run", "subprocess.Popen"}
    kills |= {"subprocess.check_output", "subprocess.check_call", "subprocess.call"}
    assert offenders(kills, {"pool", "template", "notices"}) == []


def test_clocks_only_where_time_begins() -> None:
    """Everything outside dispatcher, pool, template, worker, notices and cli takes ``now``."""
    clocks = {f"time.{name}" for name in ("time", "monotonic", "time_ns", "monotonic_ns", "sleep")}
    clocks |= {"time.perf_counter", "datetime.now", "datetime.datetime.now", "datetime.utcnow"}
    allowed = {"dispatcher", "pool", "template", "worker", "notices", "cli"}
    assert offenders(clocks, allowed) == []


def test_signals_only_in_programs() -> None:
    """Signal handlers and timers must be set in cli, template and worker alone."""
    names = {"signal.signal", "signal.set_wakeup_fd", "signal.pthread_sigmask"}
    names |= {"signal.setitimer", "signal.alarm", "signal.siginterrupt"}
    assert offenders(names, {"cli", "template", "worker", "notices"}) == []


def test_print_only_in_cli() -> None:
    """Only the command line prints; everybody else logs or reports."""
    assert offenders({"print"}, {"cli"}) == []


def test_environment_only_in_config_and_child_programs() -> None:
    """``os.environ`` must be read in config and in the first lines of child programs alone.

    And written where a worker moves into its job's folder: what it starts must follow it there.
    """
    programs = {HOUSE / room / "__main__.py" for room in ("template", "worker", "models")}
    programs.add(HOUSE / "worker" / "landlock.py")
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in rooms_files()
        if room_of(path) != "config" and path not in programs
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"}
    ]
    assert wrong == []


def test_no_drawers() -> None:
    """No module may be called by a name that holds everything."""
    drawers = {"utils", "util", "common", "helpers", "base", "manager", "types", "constants"}
    names = {
        part for path in rooms_files() for part in path.relative_to(HOUSE).with_suffix("").parts
    }
    assert names & drawers == set()


@pytest.mark.parametrize("path", rooms_files(), ids=lambda p: str(p.relative_to(HOUSE)))
def test_rooms_are_small(path: Path) -> None:
    """A file has at most 300 lines, a function 50, a class 15 methods; a header says what it is."""
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= 300
    assert ast.get_docstring(tree), "no module header"
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, functions):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name
        if isinstance(node, ast.ClassDef):
            assert sum(isinstance(item, functions) for item in node.body) <= 15, node.name


def test_the_house_does_not_grow() -> None:
    """All of it must stay under the ceiling that ARCHITECTURE.md gives the reason for."""
    assert sum(path.read_text().count("\n") for path in rooms_files()) <= 18_500


def test_the_median_function_is_short() -> None:
    """Half of all functions must have fewer than ten lines of code."""
    lengths = sorted(
        (node.end_lineno or 0) - node.body[0].lineno + 1
        for path in rooms_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    assert lengths[len(lengths) // 2] < 10


def test_top_level_folders() -> None:
    """The repository must have the owner's top-level folders and no others."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    folders = {line.split("/")[0] for line in listed if "/" in line}
    assert folders <= {"runner", "deploy", "spool", "tests", ".ci"}
