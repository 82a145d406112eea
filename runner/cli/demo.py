"""``demo``: the whole way, on a temporary spool, with the bundled recordings and model.

Guarantees: exit 0 only when every recording was delivered and the runner stopped in order; else
a sentence. Nothing is left behind unless ``--keep`` says so.
Limits: the bundled model knows a few dozen synthetic words; it shows the machinery.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import runner
from runner import durable
from runner.cli.bars import shown
from runner.cli.chosen import Chosen
from runner.cli.dropping import drop
from runner.cli.jobs import Unanswered
from runner.cli.screen import complain, console, say, size
from runner.cli.signals import tidy
from runner.cli.waiting import Following
from runner.job.exits import CommandExit
from runner.job.printable import printable

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


def demo(chosen: Chosen, *, keep: bool) -> CommandExit:
    """Run it."""
    home = Path(tempfile.mkdtemp(prefix="whisper-spool-demo-"))
    try:
        with tidy():
            return _demo(chosen, home)
    finally:
        if keep:
            say(f"\nkept: {home}")
        else:
            while not durable.remove_tree(home, budget=MANY):
                pass


def _demo(chosen: Chosen, home: Path) -> CommandExit:
    begun = time.monotonic()
    clips = sorted(path for path in CLIPS.iterdir() if not path.name.startswith("."))
    here = _settled(chosen, home)
    layout = here.layout
    say(f"A runner starts on the temporary spool {layout.root}")
    with _running(here) as program:
        _await(program, lambda: layout.inbox.is_dir() and bool(_alive(here)), "to start")
        say(f"{len(clips)} recordings are dropped into inbox/\n")
        dropped = [drop(clip, layout.inbox, {}) for clip in clips]
        following = Following(here, dropped)
        with shown(following.all) as display:

            def all_over() -> bool:
                following.turn()
                display.show()
                return following.over

            _await(program, all_over, "to transcribe them")
        for one in following.all:
            for output in one.outputs:
                if output.endswith(".srt"):
                    _print_file(layout.outbox / output)
        console().print(_tree(layout.root))
        faults = [f"{one.dropped.given.name}: {one.fault}" for one in following.all if one.fault]
    for fault in faults:
        complain(fault)
    if not faults:
        took = time.monotonic() - begun
        say(f"\nAll done in {took:.1f} s; the runner has stopped.")
    return CommandExit.FAILED if faults else CommandExit.OK


def _settled(chosen: Chosen, home: Path) -> Chosen:
    """Return the demo's settings: its own, then what the call says."""
    file = home / "demo.toml"
    durable.write_atomic(file, b"", sync=False)
    own = {**FIXED, "spool": str(home / "spool"), "model_dir": str(home / "models")}
    return Chosen(file, own | {k: v for k, v in chosen.overrides.items() if k != "spool"})


def _alive(here: Chosen) -> bool:
    from runner.cli.view import look

    said = look(here.layout, here.settings, limit=1).reporting
    return bool(said) and said[0].state != "starting"


@contextmanager
def _running(here: Chosen) -> Iterator["Program"]:
    """Start the runner; stop it and see that it stops in order."""
    from runner.pool.programs import Program

    arguments = ["runner", "--config", str(here.file)]
    for key, value in here.overrides.items():
        arguments += ["--set", f"{key}={value}"]
    program = Program([*arguments, "run"])
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
    last: dict[str, Any] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        status = program.ended()
        for report in program.reports():
            if report.get("level") in {"error", "critical"}:
                last = report
        reason = f": {printable(str(last['reason']))}" if "reason" in last else ""
        if status is not None:
            raise Unanswered(f"the runner ended (exit status {status}){reason}")
        if time.monotonic() > deadline:
            text = f"the runner needed more than {PATIENCE_SECONDS:.0f} s {what}{reason}"
            raise Unanswered(text)
        time.sleep(PAUSE_SECONDS)


def _print_file(path: Path) -> None:
    say(f"\noutbox/{printable(path.name)}")
    for line in path.read_text(encoding="utf-8").splitlines():
        say(f"  {printable(line)}")


def _tree(root: Path) -> "Tree":
    """Return where every file went: the folders that hold something."""
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text("\nWhere every file went", style="bold"), guide_style="dim")
    for folder in ("inbox", "outbox", "done", "failed"):
        _branch(tree.add(Text(f"{folder}/", style="bold")), root / folder)
    return tree


def _branch(tree: "Tree", folder: Path) -> None:
    from rich.text import Text

    for path in sorted(folder.iterdir()):
        if path.is_dir():
            _branch(tree.add(Text(f"{printable(path.name)}/")), path)
        else:
            label = Text(printable(path.name))
            tree.add(label.append(f"  {size(path.stat().st_size)}", style="dim"))
