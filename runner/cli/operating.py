"""The operator's commands and their options.

Purpose: ``add_operating(app)``, the second half of ``--help``.
"""

from pathlib import Path
from typing import Annotated

import typer

from runner.cli.chosen import ALL, EVERYWHERE, Chosen, takes

OPERATE = "For the operator"
Jobs = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Jobs' ids, their starts, or uploads'.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@takes(*EVERYWHERE)
def retry(chosen: Chosen, jobs: Jobs) -> int:
    """Try failed jobs again, with all their attempts."""
    from runner.cli.moving import retry as command

    return command(chosen, jobs)


@takes(*EVERYWHERE)
def cancel(chosen: Chosen, jobs: Jobs) -> int:
    """Stop waiting or running jobs; a file that waits in the inbox is named by its path."""
    from runner.cli.cancelling import cancel as command

    return command(chosen, jobs)


@takes(*EVERYWHERE)
def remove(chosen: Chosen, jobs: Jobs) -> int:
    """Forget finished jobs and their recordings. What is in the outbox stays."""
    from runner.cli.moving import remove as command

    return command(chosen, jobs)


@takes(*EVERYWHERE)
def pause(chosen: Chosen) -> int:
    """Claim nothing more; running jobs go on."""
    from runner.cli.moving import switch

    return switch(chosen, paused=True)


@takes(*EVERYWHERE)
def resume(chosen: Chosen) -> int:
    """Claim again."""
    from runner.cli.moving import switch

    return switch(chosen, paused=False)


@takes(*EVERYWHERE)
def prune(
    chosen: Chosen,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="After the clock was changed: go on.")
    ] = False,
) -> int:
    """Remove what is older, or more, than the settings keep."""
    from runner.cli.pruning import prune as command

    return command(chosen, dry_run=dry_run, clock_is_right=clock_is_right)


@takes(*EVERYWHERE, "runner_name")
def health(chosen: Chosen, *, as_json: Json = False) -> int:
    """Exit 0 if the runner is well, else 1 with the reasons."""
    from runner.cli.health import health as command

    return command(chosen, as_json=as_json)


@takes(*ALL)
def doctor(chosen: Chosen, *, as_json: Json = False) -> int:
    """Look at the installation: what is well, what is not, and the cure."""
    from runner.cli.doctor import doctor as command

    return command(chosen, as_json=as_json)


@takes(*ALL)
def config(
    chosen: Chosen,
    *,
    toml: Annotated[bool, typer.Option("--toml", help="As a settings file.")] = False,
    as_json: Json = False,
) -> int:
    """Show every setting, its value, and where it comes from."""
    from runner.cli.config import config as command

    return command(chosen, toml=toml, as_json=as_json)


@takes("config", "set_")
def models_list(
    chosen: Chosen,
    *,
    model_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where they are.")] = None,
    as_json: Json = False,
) -> int:
    """List the models and which of them are here."""
    from runner.cli.models import list_models

    return list_models(chosen, model_dir, as_json=as_json)


@takes("config", "set_")
def models_pull(
    chosen: Chosen,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An official name: turbo, small, …")],
    model_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to.")] = None,
) -> int:
    """Download a model once, checked by its sha256."""
    from runner.cli.models import pull

    return pull(chosen, name, model_dir)


def add_operating(app: typer.Typer) -> None:
    """Add the commands to ``app``, in the order of a day."""
    daily = (retry, cancel, remove, pause, resume, prune, health, doctor, config)
    for command in daily:
        app.command(rich_help_panel=OPERATE)(command)
    models = typer.Typer(no_args_is_help=True, help="Models: list them, pull one.")
    models.command("list")(models_list)
    models.command("pull")(models_pull)
    app.add_typer(models, name="models", rich_help_panel=OPERATE)
