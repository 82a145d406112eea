"""Load the settings, and say where each came from.

Purpose: ``load(file, overrides)`` and ``explain(...)`` for ``whisper-spool config``.
Guarantees: a bad file, key or value is a ``ConfigError`` of one sentence naming it.
Limits: reads the environment; no other room does, but the first lines of the child programs.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from runner.config.settings import Settings
from runner.job.errors import ConfigError

ALIASES = {"force_cpu": "FORCE_CPU", "mps_fallback": "PYTORCH_ENABLE_MPS_FALLBACK"}
CONFIG_VARIABLE = "RUNNER_CONFIG"


def read_toml(path: Path) -> dict[str, Any]:
    """Return the keys of a settings file; unknown keys are refused by name."""
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from error
    unknown = sorted(set(keys) - set(Settings.model_fields))
    if unknown:
        raise ConfigError(f"{path}: unknown setting {unknown[0]!r}")
    return keys


def variable_of(name: str) -> str | None:
    """Return the environment variable that sets ``name`` now, if any."""
    for candidate in (ALIASES.get(name), f"RUNNER_{name.upper()}"):
        if candidate and candidate in os.environ:
            return candidate
    return None


def load(file: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of defaults, ``file`` (or ``RUNNER_CONFIG``), environment, overrides."""
    file = file or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    keys = read_toml(file) if file else {}
    chosen = {name: value for name, value in (overrides or {}).items() if value is not None}
    from_file = {n: v for n, v in keys.items() if n not in chosen and not variable_of(n)}
    try:
        return Settings(**from_file, **chosen)
    except ValidationError as error:
        raise ConfigError(_sentence(error, file, from_file, chosen)) from error
    except SettingsError as error:
        raise ConfigError(f"environment: {error}") from error


def _sentence(
    error: ValidationError, file: Path | None, from_file: Mapping[str, Any], chosen: Mapping[str, Any]
) -> str:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]).lower() if first["loc"] else "settings"
    name = next((key for key, alias in ALIASES.items() if alias.lower() == name), name)
    where = f"--{name.replace('_', '-')}" if name in chosen else variable_of(name)
    if name in from_file:
        where = f"{file}: {name}"
    return f"{where or name}: {first['msg'].lower()} (got {first['input']!r})"


def explain(
    settings: Settings, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> list[tuple[str, Any, str]]:
    """Return (name, value, source) of every setting.

    The source is ``default``, the file, the variable or ``command line``.
    """
    keys = read_toml(file) if file else {}
    chosen = {name for name, value in (overrides or {}).items() if value is not None}

    def source(name: str) -> str:
        if name in chosen:
            return "command line"
        return variable_of(name) or (str(file) if name in keys else "default")

    return [(name, getattr(settings, name), source(name)) for name in Settings.model_fields]
