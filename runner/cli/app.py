"""The program: its commands in the order of a day, and what its exit codes mean."""

from typing import Annotated

import typer

from runner import __version__
from runner.cli.cancel import cancel
from runner.cli.chosen import ALL, Chosen, takes
from runner.cli.config import config
from runner.cli.demo import demo
from runner.cli.doctor import doctor
from runner.cli.health import health
from runner.cli.models import models
from runner.cli.pause import pause, resume
from runner.cli.prune import prune
from runner.cli.remove import remove
from runner.cli.retry import retry
from runner.cli.run import run
from runner.cli.show import show
from runner.cli.status import status
from runner.cli.submit import submit

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


for command in (run, demo, submit, status, show):
    app.command()(command)
for command in (retry, cancel, remove, pause, resume, prune, health, doctor, config):
    app.command(rich_help_panel="For the operator")(command)
app.add_typer(models, name="models", rich_help_panel="For the operator")
