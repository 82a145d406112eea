"""Option files laid over each other; limits that only lower.

Purpose: ``merge`` for the intake (what files set), ``effective`` for a worker's order (all).
Guarantees: pure. Whatever ``merge`` lets through ``effective`` accepts, also after the operator
has lowered a limit: it clamps.
Diagnostics: ``OptionsError``: file, key, what is wrong, in one sentence.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from runner.config import Settings
from runner.job.errors import OptionsError
from runner.job.printable import printable
from runner.options.model import NEVER, JobOptions, contradiction

LIMITS = ("job_timeout_seconds", "max_audio_seconds", "max_attempts")
LONGEST_TIMEOUT = 86400.0
"""What a job timeout of ``auto`` ends at."""
MOST = 2**63 - 1
"""TOML's largest whole number."""
DEFAULTS = JobOptions().model_dump()


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The options that files set explicitly (JSON-able), and which files did."""

    options: dict[str, Any]
    sources: tuple[str, ...]


def merge(layers: Sequence[tuple[str, Mapping[str, Any]]], settings: Settings) -> Merged:
    """Lay ``(where, keys)`` over each other, lowest first; ``OptionsError`` names the file."""
    options: dict[str, Any] = {}
    limits = _limits(settings)
    for where, keys in layers:
        chosen = _valid(where, keys)
        _check_model(where, chosen, settings)
        _lower(where, chosen, limits)
        options |= chosen
        if problem := contradiction(DEFAULTS | options):
            raise OptionsError(f"{where}: {problem[0]} {problem[1]}")
    sources = tuple(where for where, keys in layers if keys)
    return Merged(options=options, sources=sources)


def effective(options: Mapping[str, Any], settings: Settings) -> JobOptions:
    """Return the full options of a job: its own, then the settings' formats, model, limits."""
    job = JobOptions(**_valid("options", options))
    limits = _limits(settings)
    lowered = {key: min(getattr(job, key) or limits[key], limits[key]) for key in LIMITS}
    if job.job_timeout_seconds is None and settings.job_timeout_seconds == "auto":
        lowered["job_timeout_seconds"] = None
    chosen = {"formats": job.formats or settings.formats, "model": job.model or settings.model}
    return job.model_copy(update=lowered | chosen)


def _limits(settings: Settings) -> dict[str, Any]:
    limits = {key: getattr(settings, key) for key in LIMITS}
    if limits["job_timeout_seconds"] == "auto":
        limits["job_timeout_seconds"] = LONGEST_TIMEOUT
    return limits


def _valid(where: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that were set, each valid by itself."""
    for key in keys:
        if key not in JobOptions.model_fields:
            raise OptionsError(f"{where}: {_unknown(key)}")
        if _immense(keys[key]):
            raise OptionsError(f"{where}: {key}: has a number with too many digits")
    try:
        return JobOptions(**keys).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        says = printable(first["msg"].removeprefix("Value error, ").removeprefix("Input ")[:200])
        got = _shown(first["input"])
        raise OptionsError(f"{where}: {first['loc'][0]}: {says} (got {got})") from error


def _immense(value: object) -> bool:
    """Return whether a whole number is beyond what TOML and every float can hold."""
    if isinstance(value, list | tuple):
        return any(map(_immense, value))
    return isinstance(value, int) and abs(value) > MOST


def _shown(value: object) -> str:
    try:
        return printable(repr(value)[:80])
    except (ValueError, RecursionError):  # a number or a table within it
        return "more than can be shown"


def _unknown(key: str) -> str:
    name = printable(key)[:80]
    if key in NEVER:
        return f"{name} is for the operator to set, not for a file in the inbox"
    if key == "output_format":
        return "output_format is called formats here"
    near = difflib.get_close_matches(key, JobOptions.model_fields, n=1)
    return f"unknown option {name!r}" + (f"; is {near[0]} meant?" if near else "")


def _check_model(where: str, chosen: Mapping[str, Any], settings: Settings) -> None:
    allowed = (settings.model, *settings.allowed_models)
    if (model := chosen.get("model")) is not None and model not in allowed:
        names = ", ".join(allowed)
        raise OptionsError(
            f"{where}: model: {printable(model)[:80]!r} is not allowed (allowed: {names})"
        )


def _lower(where: str, chosen: Mapping[str, Any], limits: dict[str, Any]) -> None:
    """Let ``chosen`` lower ``limits``; refuse what would raise one."""
    for key in LIMITS:
        value = chosen.get(key)
        if value is None:
            continue
        if value > limits[key]:
            raise OptionsError(f"{where}: {key}: {value:g} is above the limit of {limits[key]:g}")
        limits[key] = value
