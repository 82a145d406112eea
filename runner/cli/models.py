"""``models list`` and ``models pull``: by a program of their own, as they need the worker side."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.screen import complain, console, say
from runner.cli.signals import tidy
from runner.job.exits import CommandExit
from runner.job.printable import printable

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen

PAUSE_SECONDS = 0.05
HUNDRED = 100.0


def list_models(chosen: "Chosen", model_dir: Path | None, *, as_json: bool) -> CommandExit:
    """Print each model and whether it is here."""
    home = _home(chosen, model_dir)
    models: list[dict[str, Any]] = []
    fault = ""
    for report in _reports("list", "--model-dir", str(home)):
        fault = _fault(report) or fault
        if report.get("event") == "model":
            models.append({"model": report["model"], "present": report["present"]})
    if fault:
        return complain(fault)
    if as_json:
        say(json.dumps({"model_dir": str(home), "models": models}, indent=1))
        return CommandExit.OK
    for model in models:
        say(f"{model['model']:<16}{'here' if model['present'] else '-'}")
    say(f"in {printable(str(home))}; also the path of any checkpoint of openai-whisper's form")
    return CommandExit.OK


def pull(chosen: "Chosen", name: str, model_dir: Path | None) -> CommandExit:
    """Fetch one model, with a bar."""
    from rich.progress import Progress

    home = _home(chosen, model_dir)
    screen = console(error=True)
    fault = ""
    path = ""
    with tidy(), Progress(console=screen, disable=not screen.is_terminal) as progress:
        task = progress.add_task(printable(name), total=HUNDRED)
        for report in _reports("pull", name, "--model-dir", str(home)):
            fault = _fault(report) or fault
            path = str(report.get("path") or path)
            if report.get("event") in {"waiting", "damaged"}:
                screen.print(printable(str(report.get("reason", ""))))
            if report.get("percent") is not None:
                progress.update(task, completed=float(report["percent"]))
    if fault:
        return complain(fault)
    say(printable(path) if path else f"{printable(name)} is ready")
    return CommandExit.OK


def _home(chosen: "Chosen", model_dir: Path | None) -> Path:
    return (model_dir or chosen.settings.model_dir).expanduser().absolute()


def _fault(report: dict[str, Any]) -> str:
    return str(report.get("reason", "it failed")) if report.get("event") == "failed" else ""


def _reports(*arguments: str) -> Iterator[dict[str, Any]]:
    """Yield what the models program says; a last one of ours if it ends without a word."""
    from runner.pool.programs import Program

    program = Program(["runner.models", *arguments])
    failed = False
    try:
        while True:
            status = program.ended()  # asked before reading, so that nothing said last is lost
            for report in program.reports():
                failed = failed or bool(_fault(report))
                yield report
            if status is not None:
                break
            time.sleep(PAUSE_SECONDS)
        if status != 0 and not failed:
            yield {"event": "failed", "reason": f"the program ended with exit status {status}"}
    finally:
        program.end()
