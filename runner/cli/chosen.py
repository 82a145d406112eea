"""What one call of the command line was told: settings file, overrides, and what follows.

Purpose: ``Chosen``; ``takes`` gives a command the options that commands share. Those before the
sub-command and those after it are combined; the later ones win.
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
OPTIONS: dict[str, tuple[Any, str, str, str]] = {
    "spool": (str, "--spool", "DIR", "The spool's directory (RUNNER_SPOOL)."),
    "config": (Path, "--config", "FILE", "A TOML file of settings (RUNNER_CONFIG)."),
    "runner_name": (str, "--name", "N", "The runner's name (RUNNER_RUNNER_NAME)."),
    "engine": (str, "--engine", "NAME", "openai-whisper, or a module (RUNNER_ENGINE)."),
    "model": (str, "--model", "NAME", "A model's name or path (RUNNER_MODEL)."),
    "device": (str, "--device", "D", "auto, cpu, cuda, cuda:1, mps (RUNNER_DEVICE)."),
    "slots": (str, "--slots", "N", "Recordings worked on at once (RUNNER_SLOTS)."),
    "set_": (list[str], "--set", "KEY=VALUE", "Any other setting; may be repeated."),
}
SHARED = {
    name: inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            kind | None, typer.Option(flag, metavar=metavar, help=text, rich_help_panel=PANEL)
        ],
    )
    for name, (kind, flag, metavar, text) in OPTIONS.items()
}
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
EVERYWHERE = ("spool", "config", "set_")
ALL = tuple(OPTIONS)


@dataclass(frozen=True)
class Chosen:
    """Settings as this call wants them. Nothing is read before it is asked for."""

    file: Path | None = None
    overrides: dict[str, Any] = field(default_factory=dict)

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

    def but(self, values: dict[str, Any]) -> "Chosen":
        """Return what the shared options ``values`` say, and this where they say nothing."""
        pairs = dict(pair_of("--set", text) for text in values.pop("set_", None) or ())
        file = values.pop("config", None) or self.file
        direct = {key: value for key, value in values.items() if value is not None}
        return Chosen(file, self.overrides | pairs | direct)


def pair_of(option: str, text: str) -> tuple[str, str]:
    """Read ``KEY=VALUE``; keys may be written with hyphens."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"{option} {text}: must be KEY=VALUE")
    return key.strip().replace("-", "_"), value


def takes(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the shared options ``names``; its first parameter becomes ``Chosen``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(context: typer.Context, **values: Any) -> Any:  # noqa: ANN401
            shared = {name: values.pop(name) for name in names}
            # The group keeps what came before the sub-command; the sub-command adds to it.
            context.obj = (context.obj or Chosen()).but(shared)
            return function(context.obj, **values)

        _, *own = inspect.signature(function, eval_str=True).parameters.values()
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter("context", kind, annotation=typer.Context),
            *(parameter.replace(kind=kind) for parameter in own),
            *(SHARED[name] for name in names),
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        del command.__wrapped__
        return command

    return decorate
