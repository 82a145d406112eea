"""``submit``: put recordings into the inbox properly, and wait for what becomes of them.

Guarantees: everything is checked before anything is copied. A recording appears in the inbox
whole, synced, by one rename, its sidecar before it; a name that is taken is numbered, never
replaced. Stopped in between it leaves nothing, or a temporary name that is never claimed.
Limits: recordings are copied; the original stays where it is.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from runner.cli.jobs import standing
from runner.cli.screen import say, size
from runner.job.errors import OptionsError
from runner.job.exits import CommandExit
from runner.job.printable import printable

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.config import Settings

SIDECARS = (".toml", ".json", ".form")
HERE = "command line"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be submitted, and how it is to be transcribed."""

    files: tuple[Path, ...]
    folder: str = ""
    direct: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[str, ...] = ()


def submit(chosen: "Chosen", order: Order, *, wait: bool, timeout: float | None) -> CommandExit:
    """Copy, say where to look, and wait if wanted."""
    from runner.cli.dropping import Dropped, drop

    layout, settings = standing(chosen.layout), chosen.settings
    options = options_of(order, settings)
    folder = _folder(order.folder)
    for path in order.files:
        check(path, settings)
    home = layout.inbox / folder
    dropped: list[Dropped] = [drop(path, home, options) for path in order.files]
    if wait:
        from runner.cli.waiting import wait_for

        return wait_for(chosen, dropped, timeout=timeout)
    for one in dropped:
        say(f"{printable(str(one.path))}: submitted, {size(one.size)}")
    say(f"results will be in {printable(str(layout.outbox / folder))}")
    return CommandExit.OK


def _folder(text: str) -> PurePosixPath:
    folder = PurePosixPath(text)
    if folder.is_absolute() or ".." in folder.parts:
        raise OptionsError(f"--folder {text}: must be a folder inside the inbox")
    return folder


def options_of(order: Order, settings: "Settings") -> dict[str, Any]:
    """Return the options that were given, checked as the intake will check them."""
    from runner.options import merge

    options = {key: value for key, value in order.direct.items() if value is not None}
    for pair in order.pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise OptionsError(f"--option {pair}: must be KEY=VALUE")
        options[key.strip().replace("-", "_")] = _read(text)
    # Which models are allowed is for the runner to say: its settings need not be ours.
    model = options.get("model", settings.model)
    anyone = settings.model_copy(update={"allowed_models": (model,)})
    return merge([(HERE, options)], anyone).options


def _read(text: str) -> Any:  # noqa: ANN401 - whatever TOML can say
    """Read a value as TOML has it; what is none is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def check(path: Path, settings: "Settings") -> None:
    """Refuse what the intake would refuse or never take, before anything is copied."""
    from runner.inbox.junk import Junk

    with open(path, "rb", opener=_unblocked) as file:
        facts = os.fstat(file.fileno())
    if path.is_dir():
        raise OptionsError(f"{path}: is a folder; name the recordings in it")
    if not path.is_file():
        raise OptionsError(f"{path}: is no regular file")
    if not facts.st_size:
        raise OptionsError(f"{path}: is empty")
    if facts.st_size > settings.max_upload_bytes:
        limit = f"max_upload_bytes, {size(settings.max_upload_bytes)}"
        raise OptionsError(f"{path}: {size(facts.st_size)} are more than {limit}")
    if path.name.endswith(SIDECARS):
        raise OptionsError(f"{path}: is no recording; options are given with --option")
    if Junk(settings.junk_names, ()).name(path.name):
        raise OptionsError(f"{path}: would never be taken, its name is a temporary one; rename it")


def _unblocked(path: str, flags: int) -> int:
    """Open without waiting for the other end of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)
