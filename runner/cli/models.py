"""``models list`` and ``models pull``: by a program of their own, as they need the worker side."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from runner.cli.chosen import Chosen, Json, takes
from runner.cli.front import Unanswered
from runner.cli.screen import console, say, say_json
from runner.job.exits import CommandExit

PAUSE_SECONDS = 0.05

models = typer.Typer(no_args_is_help=True, help="Models: list them, pull one.")
ModelDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where they are kept, instead of model_dir.")
]


@models.command("list")
@takes("config", "set_")
def list_models(
    chosen: Chosen,
    *,
    model_dir: ModelDir = None,
    as_json: Json = False,
) -> None:
    """List the models and which of them are here."""
    home = _home(chosen, model_dir)
    reports = _reports("list", "--model-dir", home)
    found = [
        {"model": report["model"], "present": report["present"]}
        for report in reports
        if report.get("event") == "model"
    ]
    if as_json:
        say_json({"model_dir": home, "models": found})
        return
    for model in found:
        say(f"{model['model']:<16}{'here' if model['present'] else '-'}")
    say(f"in {home}; also the path of any checkpoint of openai-whisper's form")


@models.command("pull")
@takes("config", "set_")
def pull(
    chosen: Chosen,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An official name: turbo, small, …")],
    model_dir: ModelDir = None,
) -> None:
    """Download a model once, checked by its sha256."""
    from rich.progress import Progress

    from runner.cli.signals import tidy
    from runner.job.printable import printable

    screen = console(error=True)
    path = ""
    with tidy(), Progress(console=screen, disable=not screen.is_terminal) as progress:
        task = progress.add_task(printable(name), total=100.0)
        for report in _reports("pull", name, "--model-dir", _home(chosen, model_dir)):
            path = str(report.get("path") or path)
            if report.get("event") in {"waiting", "damaged"}:
                screen.print(printable(str(report.get("reason", ""))))
            if report.get("percent") is not None:
                progress.update(task, completed=float(report["percent"]))
    say(path or f"{name} is ready")


def _home(chosen: Chosen, model_dir: Path | None) -> str:
    return str((model_dir or chosen.settings.model_dir).expanduser().absolute())


def _reports(*arguments: str) -> Iterator[dict[str, Any]]:
    """Yield what the models program says; ``Unanswered`` with its exit code when it fails."""
    from runner.pool.programs import Program

    program, fault = Program(["runner.models", *arguments]), ""
    try:
        while True:
            status = program.ended()  # asked before reading, so that nothing said last is lost
            for report in program.reports():
                if report.get("event") == "failed":
                    fault = str(report.get("reason", "it failed"))
                else:
                    yield report
            if status is not None:
                break
            time.sleep(PAUSE_SECONDS)
    finally:
        program.end()
    if status != 0:
        code = CommandExit.USAGE if fault and status == CommandExit.USAGE else CommandExit.FAILED
        raise Unanswered(fault or f"the program ended with exit status {status}", code)
