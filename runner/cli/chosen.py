"""What one call of the command line was told: settings file, overrides, and what follows.

Purpose: ``Chosen``; the options that every command takes; ``told`` to combine those before the
sub-command with those after it (the later ones win).
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.job.errors import ConfigError

if TYPE_CHECKING:
    from runner.config import Settings
    from runner.spool import Layout

PANEL = "Which spool, which settings"


def _option(*names: str, text: str, metavar: str) -> Any:  # noqa: ANN401 - typer's own
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=PANEL)


SHARED: dict[str, Any] = {
    "spool": Annotated[
        str | None,
        _option("--spool", text="The spool's directory (RUNNER_SPOOL).", metavar="DIR"),
    ],
    "config": Annotated[
        Path | None,
        _option("--config", text="A TOML file of settings (RUNNER_CONFIG).", metavar="FILE"),
    ],
    "runner_name": Annotated[
        str | None, _option("--name", text="The runner's name (RUNNER_RUNNER_NAME).", metavar="N")
    ],
    "engine": Annotated[
        str | None,
        _option("--engine", text="openai-whisper, or a module (RUNNER_ENGINE).", metavar="NAME"),
    ],
    "model": Annotated[
        str | None,
        _option("--model", text="A model's name or path (RUNNER_MODEL).", metavar="NAME"),
    ],
    "device": Annotated[
        str | None,
        _option("--device", text="auto, cpu, cuda, cuda:1, mps (RUNNER_DEVICE).", metavar="D"),
    ],
    "slots": Annotated[
        str | None,
        _option("--slots", text="Recordings worked on at once (RUNNER_SLOTS).", metavar="N"),
    ],
    "set_": Annotated[
        list[str] | None,
        _option("--set", text="Any other setting; may be repeated.", metavar="KEY=VALUE"),
    ],
}
EVERYWHERE = ("spool", "config", "set_")
ALL = tuple(SHARED)


@dataclass(frozen=True)
class Chosen:
    """Settings as this call wants them. Nothing is read before it is asked for."""

    file: Path | None = None
    overrides: dict[str, Any] = field(default_factory=dict)

    def over(self, other: "Chosen") -> "Chosen":
        """Return what ``other`` says, and this where it says nothing."""
        return Chosen(other.file or self.file, self.overrides | other.overrides)

    @cached_property
    def settings(self) -> "Settings":
        """The settings; ``ConfigError`` names what is wrong."""
        from runner.config import load

        return load(self.file, self.overrides)

    @cached_property
    def layout(self) -> "Layout":
        """Where the spool is; it need not exist."""
        from runner.spool import Layout

        return Layout(self.settings.spool.absolute())


def gathered(values: dict[str, Any]) -> Chosen:
    """Return what the shared options among ``values`` say."""
    overrides: dict[str, Any] = {}
    for pair in values.get("set_") or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--set {pair}: must be KEY=VALUE")
        overrides[key.strip().replace("-", "_")] = value
    direct = {k: v for k, v in values.items() if k not in {"set_", "config"} and v is not None}
    return Chosen(values.get("config"), overrides | direct)


def takes(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the shared options ``names``; its first parameter becomes ``Chosen``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        first, *own = inspect.signature(function, eval_str=True).parameters.values()

        @wraps(function)
        def command(context: typer.Context, **values: Any) -> Any:  # noqa: ANN401
            shared = {name: values.pop(name) for name in names}
            # The group keeps what came before the sub-command; the sub-command adds to it.
            context.obj = (context.obj or Chosen()).over(gathered(shared))
            return function(context.obj, **values)

        kind = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter("context", kind, annotation=typer.Context),
            *(parameter.replace(kind=kind) for parameter in own),
            *(
                inspect.Parameter(name, kind, default=None, annotation=SHARED[name])
                for name in names
            ),
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        del first, command.__wrapped__
        return command

    return decorate
