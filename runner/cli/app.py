"""The commands and their options. What they do is in the module of the same name.

Purpose: ``app``; reading this file is reading ``--help``.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from runner import __version__
from runner.cli.chosen import ALL, EVERYWHERE, Chosen, takes
from runner.cli.front import Front
from runner.cli.operating import add_operating

EXIT_CODES = """\b
Exit codes:
  0  done, healthy, delivered
  1  it ran, and the answer is no: not healthy, a job failed, `run --once` buried one
  2  a wrong argument, setting or file; the sentence names it
  3  later: `run --once` left jobs for another time, `submit --wait` ran out of time
  4  somebody else holds it: another runner of that name, a job at work
  5  there is no such job"""

app = typer.Typer(
    name="whisper-spool",
    cls=Front,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"whisper-spool {__version__}")
        raise typer.Exit


@app.callback()
@takes(*ALL)
def root(
    chosen: Chosen,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Drop a recording into inbox/, find its transcript in outbox/."""
    del chosen, version


@app.command()
@takes(*ALL)
def run(
    chosen: Chosen,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End when the work is done: for cron and batches.")
    ] = False,
) -> int:
    """Watch the inbox and transcribe, until stopped (TERM or Ctrl-C; twice: at once)."""
    from runner.cli.run import run as command

    return command(chosen.settings, once=once)


@app.command()
@takes("device", "slots", "set_")
def demo(
    chosen: Chosen,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder, and say where.")] = False,
) -> int:
    """Transcribe the bundled recordings on a temporary spool, and show what became of them."""
    from runner.cli.demo import demo as command

    return command(chosen, keep=keep)


@app.command()
@takes("spool", "config", "set_")
def submit(
    chosen: Chosen,
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings; copied.")],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the results.")] = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="With --wait: for how long.")
    ] = None,
    folder: Annotated[
        str, typer.Option(metavar="DIR", help="A folder of the inbox, mirrored in the outbox.")
    ] = "",
    language: Annotated[str | None, typer.Option(help="The language spoken: en, Korean, …")] = None,
    task: Annotated[str | None, typer.Option(help="transcribe, or translate (to English)")] = None,
    formats: Annotated[str | None, typer.Option(help="srt,vtt,txt,tsv,json")] = None,
    model: Annotated[str | None, typer.Option(help="One of allowed_models.")] = None,
    initial_prompt: Annotated[str | None, typer.Option(help="Words to expect.")] = None,
    word_timestamps: Annotated[
        bool | None, typer.Option("--word-timestamps/--no-word-timestamps")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="Any option of whisper."),
    ] = None,
) -> int:
    """Put recordings into the inbox properly: copied under a temporary name, then renamed."""
    from runner.cli.submit import Order
    from runner.cli.submit import submit as command

    direct: dict[str, Any] = {
        "language": language, "task": task, "formats": formats, "model": model,
        "initial_prompt": initial_prompt, "word_timestamps": word_timestamps,
    }  # fmt: skip
    order = Order(files=tuple(files), folder=folder, direct=direct, pairs=tuple(option or ()))
    return command(chosen, order, wait=wait, timeout=timeout)


@app.command()
@takes(*EVERYWHERE)
def status(
    chosen: Chosen,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again and again.")] = False,
    interval: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="With --watch: how often.")
    ] = 1.0,
) -> int:
    """Show what waits, runs and failed."""
    from runner.cli.status import status as command

    return command(chosen, as_json=as_json, watch=watch, interval=interval)


@app.command()
@takes(*EVERYWHERE)
def show(
    chosen: Chosen,
    *,
    job: Annotated[
        str, typer.Argument(metavar="ID", help="A job's id, its start, or an upload's.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The record itself.")] = False,
) -> int:
    """Show one job: its attempts, reasons, outputs and the log's tail."""
    from runner.cli.show import show as command

    return command(chosen, job, as_json=as_json)


add_operating(app)
