"""A job's options as the ``whisper`` command would pass them on.

Purpose: ``arguments(options, ...)`` for ``whisper.transcribe``, ``writer_arguments`` for its
writers; the counterpart of ``whisper.transcribe.cli``.
Guarantees: a key that is missing has the command's default; keys that are none of whisper's
(formats, limits, the track) are left out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from runner.options.model import WORD_OPTIONS, JobOptions

OURS = {
    "formats", "model", "audio_track", "job_timeout_seconds", "max_audio_seconds", "max_attempts",
}  # fmt: skip
DEFAULTS = JobOptions().model_dump(exclude=OURS)
ROUNDING = 1e-6


def arguments(options: Mapping[str, Any], *, model_name: str, device: str) -> dict[str, Any]:
    """Return the keyword arguments of ``whisper.transcribe``."""
    given = {k: options.get(k, v) for k, v in DEFAULTS.items() if k not in WORD_OPTIONS}
    increment = given.pop("temperature_increment_on_fallback")
    given["temperature"] = _temperatures(given["temperature"], increment)
    if model_name.endswith(".en"):
        given["language"] = "en"
    # float16 has no kernels on the CPU, and gives wrong text on MPS (pytorch#196322).
    given["fp16"] = given["fp16"] and device.startswith("cuda")
    return given


def writer_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of whisper's writers."""
    return {key: options.get(key, DEFAULTS[key]) for key in WORD_OPTIONS}


def _temperatures(first: float, increment: float | None) -> tuple[float, ...] | list[float]:
    if increment is None:
        return [first]
    return tuple(np.arange(first, 1.0 + ROUNDING, increment))
