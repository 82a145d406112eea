"""Load the settings, and say where each came from.

Purpose: ``load(file, overrides)`` and ``explain(...)`` for ``whisper-spool config``.
Layers, lowest first: defaults, the TOML file (named, or ``RUNNER_CONFIG``), the environment
(``RUNNER_...``), overrides (the command line).
Guarantees: a bad file, key or value is a ``ConfigError`` of one sentence that names where it
stands, what it must be and what it is. A variable set to nothing counts as not set.
Limits: reads the environment; no other room does, but the first lines of the child programs.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from runner.config.settings import Settings
from runner.job.errors import ConfigError

ALIASES = {"force_cpu": "FORCE_CPU", "mps_fallback": "PYTORCH_ENABLE_MPS_FALLBACK"}
CONFIG_VARIABLE = "RUNNER_CONFIG"
DEFAULT = "default"
COMMAND_LINE = "command line"
LIKE = 0.8
"""How close a variable must come to a setting's to be taken for a slip: 0 to 1."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the keys of a settings file; unknown keys are refused by name."""
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from error
    refuse_unknown(keys, where=f"{path}: ")
    return keys


def refuse_unknown(names: Iterable[str], *, where: str = "") -> None:
    """Raise ``ConfigError`` for the first name that is no setting, with the likely one."""
    for name in sorted(set(names) - set(Settings.model_fields)):
        near = get_close_matches(name, Settings.model_fields, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"{where}unknown setting {name!r}{hint}")


def settings_file(file: Path | None = None) -> Path | None:
    """Return the TOML file that is read: ``file``, else what the environment names."""
    named = os.environ.get(CONFIG_VARIABLE)
    return file or (Path(named) if named else None)


def variable_of(name: str) -> str | None:
    """Return the environment variable that sets ``name`` now, if any."""
    for candidate in (ALIASES.get(name), f"RUNNER_{name.upper()}"):
        if candidate and os.environ.get(candidate):
            return candidate
    return None


def slips() -> dict[str, str]:
    """Return variables that look like one of ours and are none, with the likely name."""
    ours = {f"RUNNER_{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}
    others = [name for name in os.environ if name.startswith("RUNNER_") and name not in ours]
    near = {name: get_close_matches(name, ours, n=1, cutoff=LIKE) for name in sorted(others)}
    return {name: found[0] for name, found in near.items() if found}


def load(file: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of defaults, ``file`` (or ``RUNNER_CONFIG``), environment, overrides."""
    file = settings_file(file)
    keys = read_toml(file) if file else {}
    chosen = {name: value for name, value in (overrides or {}).items() if value is not None}
    refuse_unknown(chosen)
    from_file = {n: v for n, v in keys.items() if n not in chosen and not variable_of(n)}
    given = from_file | chosen
    where = {name: f"{file}: {name}" for name in from_file} | {n: option_of(n) for n in chosen}
    for name, value in given.items():
        if isinstance(value, bool) and not isinstance(Settings.model_fields[name].default, bool):
            raise ConfigError(f"{where[name]}: must not be true or false (got {value!r})")
    try:
        return Settings(**given)
    except ValidationError as error:
        name, wanted, got = _first(error)
        variable = variable_of(name) or name
        got = given.get(name, os.environ.get(variable, got))
        raise ConfigError(f"{where.get(name, variable)}: must {wanted} (got {got!r})") from error
    except SettingsError as error:
        raise ConfigError(f"environment: {error}") from error


def _first(error: ValidationError) -> tuple[str, str, object]:
    """Return the first setting that is wrong, what it must be in pydantic's words, what it is."""
    errors = error.errors(include_url=False)
    place = str(errors[0]["loc"][0])
    # Of "auto or a number" each alternative has its own complaint.
    texts = (each["msg"] for each in errors if each["loc"][0] == place)
    wanted = (t.split("should ", 1)[1] if "should " in t else f"be right: {t}" for t in texts)
    name = next((name for name, alias in ALIASES.items() if alias == place.upper()), place)
    return name, " or ".join(dict.fromkeys(wanted)), errors[0]["input"]


def option_of(name: str) -> str:
    """Return how the command line sets ``name``."""
    short = {"runner_name": "name"}.get(name, name).replace("_", "-")
    return f"--{short}" if name in DIRECT else f"--set {name}"


DIRECT = frozenset({"spool", "runner_name", "engine", "model", "device", "slots"})
"""Settings that have a command-line option of their own; the others go by ``--set``."""


def explain(
    settings: Settings, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> list[tuple[str, Any, str]]:
    """Return (name, value, source) of every setting.

    The source is ``default``, the file, the variable or ``command line``.
    """
    file = settings_file(file)
    keys = read_toml(file) if file else {}
    chosen = {name for name, value in (overrides or {}).items() if value is not None}

    def source(name: str) -> str:
        if name in chosen:
            return COMMAND_LINE
        return variable_of(name) or (str(file) if name in keys else DEFAULT)

    return [(name, getattr(settings, name), source(name)) for name in Settings.model_fields]
