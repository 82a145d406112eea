"""``demo``: the whole way, on a temporary spool, with the bundled recordings and model.

Guarantees: exit 0 only when every recording was delivered and the runner stopped in order; else
a sentence. Nothing is left behind unless ``--keep`` says so.
Limits: the bundled model knows a few dozen synthetic words; it shows the machinery.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

import runner
from runner.cli.chosen import Chosen, takes
from runner.cli.front import Unanswered, complain
from runner.cli.screen import console, name, say, size
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from rich.tree import Tree

    from runner.pool.programs import Program

CLIPS = Path(runner.__file__).parent / "demo" / "clips"
PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.1
MANY = 100_000
FIXED = {
    "engine": "openai-whisper",
    "model": "demo",
    "device": "cpu",
    "formats": "srt,vtt,txt,json",
    "outbox_name": "{stem}.{format}",
    "min_free_bytes": "0",
    "heartbeat_seconds": "0.2",
    "runner_name": "demo",
    "log_format": "json",
}
"""What the demo needs to be itself, whatever the environment says."""


@takes("device", "slots", "set_")
def demo(
    chosen: Chosen,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder, and say where.")] = False,
) -> int:
    """Transcribe the bundled recordings on a temporary spool, and show what became of them."""
    from runner import durable
    from runner.cli.signals import tidy

    home = Path(tempfile.mkdtemp(prefix="whisper-spool-demo-"))
    try:
        with tidy():
            return _demo(_settled(chosen, home))
    finally:
        if keep:
            say(f"kept: {home}")
        else:
            while not durable.remove_tree(home, budget=MANY):
                pass


def _settled(chosen: Chosen, home: Path) -> Chosen:
    """Return the demo's settings: its own, then what the call says; no file of anybody's."""
    own = {**FIXED, "spool": str(home / "spool"), "model_dir": str(home / "models")}
    empty = home / "demo.toml"
    empty.touch()
    return Chosen(empty, own | {k: v for k, v in chosen.overrides.items() if k != "spool"})


def _demo(here: Chosen) -> CommandExit:
    from runner.cli.dropping import drop
    from runner.cli.following import Following, bars

    begun, layout = time.monotonic(), here.layout
    clips = sorted(path for path in CLIPS.iterdir() if not path.name.startswith("."))
    say(f"A runner starts on the temporary spool {layout.root}")
    with _running(here) as program:
        _await(program, lambda: _alive(here), "to start")
        say(f"{len(clips)} recordings are dropped into inbox/")
        following = Following(here, [drop(clip, layout, PurePosixPath(), {}) for clip in clips])
        with bars(following.all) as draw:

            def all_over() -> bool:
                following.turn()
                draw()
                return following.over

            _await(program, all_over, "to transcribe them")
    for output in sorted(output for one in following.all for output in one.outputs):
        if output.endswith(".srt"):
            say()
            say(f"outbox/{output}")
            for line in (layout.outbox / output).read_text(encoding="utf-8").splitlines():
                say(f"  {line}")
    console().print(_tree(layout.root))
    faults = [f"{one.dropped.given.name}: {one.fault}" for one in following.all if one.fault]
    for fault in faults:
        complain(fault)
    if not faults:
        say(f"All done in {time.monotonic() - begun:.1f} s; the runner has stopped.")
    return CommandExit.FAILED if faults else CommandExit.OK


def _alive(here: Chosen) -> bool:
    from runner.cli.view import seen

    said = seen(here.layout, here.settings, FIXED["runner_name"])
    return said.alive and said.snapshot is not None and said.snapshot.state != "starting"


@contextmanager
def _running(here: Chosen) -> Iterator["Program"]:
    """Start the runner; stop it and see that it stops in order."""
    from runner.pool.programs import Program

    settings = (f"--set={key}={value}" for key, value in here.overrides.items())
    program = Program(["runner", "--config", str(here.file), *settings, "run"])
    try:
        yield program
    finally:
        died = program.ended()
        program.end()
    status = program.ended()
    if died is None and status != 0:
        raise Unanswered(f"the runner did not stop in order (exit status {status})")


def _await(program: "Program", ready: Callable[[], bool], what: str) -> None:
    """Wait until ``ready()``; ``Unanswered`` when the runner dies or takes too long."""
    reason = ""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        status = program.ended()
        for report in program.reports():
            if report.get("level") in {"error", "critical"}:
                reason = f": {report.get('reason', '')}"
        if status is not None:
            raise Unanswered(f"the runner ended (exit status {status}){reason}")
        if time.monotonic() > deadline:
            text = f"the runner needed more than {PATIENCE_SECONDS:.0f} s {what}{reason}"
            raise Unanswered(text)
        time.sleep(PAUSE_SECONDS)


def _tree(root: Path) -> "Tree":
    """Return where every file went."""
    from rich.tree import Tree

    tree = Tree("\nWhere every file went", style="bold", guide_style="dim")
    for folder in ("inbox", "outbox", "done", "failed"):
        _branch(tree, root / folder)
    return tree


def _branch(tree: "Tree", path: Path) -> None:
    if path.is_dir():
        branch = tree.add(name(f"{path.name}/"))
        for inner in sorted(path.iterdir()):
            _branch(branch, inner)
    else:
        tree.add(name(path.name).append(f"  {size(path.stat().st_size)}", style="dim"))
