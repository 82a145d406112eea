"""``submit``: put recordings into the inbox properly, and wait for what becomes of them.

Guarantees: everything is checked before anything is copied. A recording appears in the inbox
whole, synced, by one rename, its sidecar before it; a name that is taken is numbered, never
replaced. No link in the inbox is followed. Stopped in between it leaves nothing, or a draft in
``staging/`` that is swept.
Limits: recordings are copied; the original stays where it is.
"""

import os
import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.cli.chosen import EVERYWHERE, Chosen, pair_of, takes
from runner.cli.jobs import standing
from runner.cli.screen import say, size
from runner.job.errors import OptionsError
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from runner.config import Settings

NO_RECORDINGS = (".toml", ".json", ".form")


@takes(*EVERYWHERE)
def submit(
    chosen: Chosen,
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings; copied.")],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the results.")] = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="With --wait: for how long.")
    ] = None,
    folder: Annotated[str, typer.Option(metavar="DIR", help="A folder of the inbox.")] = "",
    language: Annotated[str | None, typer.Option(help="What is spoken: en, Korean, …")] = None,
    formats: Annotated[str | None, typer.Option(help="srt,vtt,txt,tsv,json")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="Any option of a sidecar."),
    ] = None,
) -> int:
    """Put recordings into the inbox properly: copied under a temporary name, then renamed."""
    from runner.cli.dropping import drop

    layout, settings = standing(chosen.layout), chosen.settings
    options = dict(_read(*pair_of("--option", text)) for text in option or ())
    options |= {k: v for k, v in (("language", language), ("formats", formats)) if v is not None}
    options = _checked(options, settings)
    inside = PurePosixPath(folder)
    if inside.is_absolute() or ".." in inside.parts:
        raise OptionsError(f"--folder {folder}: must be a folder inside the inbox")
    for path in files:
        _check(path, settings)
    dropped = [drop(path, layout, inside, options) for path in files]
    if wait:
        from runner.cli.following import wait_for

        return wait_for(chosen, dropped, timeout=timeout)
    for one in dropped:
        say(f"{one.path}: submitted, {size(one.size)}")
    say(f"results will be in {layout.outbox / inside}")
    return CommandExit.OK


def _read(key: str, text: str) -> tuple[str, Any]:
    """Read a value as TOML has it; what is none is text."""
    try:
        return key, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return key, text


def _checked(options: dict[str, Any], settings: "Settings") -> dict[str, Any]:
    """Return the options as the intake will read them."""
    from runner.options import merge

    # Which models are allowed is for the runner to say: its settings need not be ours.
    model = options.get("model", settings.model)
    anyone = settings.model_copy(update={"allowed_models": (model,)})
    return merge([("command line", options)], anyone).options


def _check(path: Path, settings: "Settings") -> None:
    """Refuse what the intake would refuse or never take, before anything is copied."""
    from runner.inbox.junk import Junk

    # Opened without waiting for the other end of a pipe.
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise OptionsError(f"{path}: {error.strerror}") from error
    count = os.fstat(fd).st_size
    os.close(fd)
    limit = settings.max_upload_bytes
    faults = {
        "is a folder; name the recordings in it": path.is_dir(),
        "is no regular file": not path.is_file(),
        "is empty": not count,
        f"{size(count)} are more than max_upload_bytes, {size(limit)}": count > limit,
        "is no recording; options are given with --option": path.name.endswith(NO_RECORDINGS),
        "would never be taken, its name is a temporary one; rename it": Junk(
            settings.junk_names, ()
        ).name(path.name),
    }
    for fault, found in faults.items():
        if found:
            raise OptionsError(f"{path}: {fault}")
