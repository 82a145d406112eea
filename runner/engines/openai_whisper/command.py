"""A job's options as the ``whisper`` command would pass them on.

Purpose: ``arguments(options, ...)`` for ``whisper.transcribe``, ``writer_arguments`` for its
writers; the counterpart of ``whisper.transcribe.cli``.
Guarantees: a key that is missing has the command's default; keys that are none of whisper's
(formats, limits, the track) are left out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

DEFAULTS: dict[str, Any] = {
    "task": "transcribe",
    "language": None,
    "best_of": 5,
    "beam_size": 5,
    "patience": None,
    "length_penalty": None,
    "suppress_tokens": "-1",
    "initial_prompt": None,
    "carry_initial_prompt": False,
    "condition_on_previous_text": True,
    "fp16": True,
    "compression_ratio_threshold": 2.4,
    "logprob_threshold": -1.0,
    "no_speech_threshold": 0.6,
    "word_timestamps": False,
    "prepend_punctuations": "\"'“¿([{-",
    "append_punctuations": "\"'.。,，!！?？:：”)]}、",  # noqa: RUF001 - whisper's own
    "clip_timestamps": "0",
    "hallucination_silence_threshold": None,
}
WORD_OPTIONS: dict[str, Any] = {
    "highlight_words": False,
    "max_line_count": None,
    "max_line_width": None,
    "max_words_per_line": None,
}
TEMPERATURE, INCREMENT = 0.0, 0.2
ROUNDING = 1e-6


def arguments(options: Mapping[str, Any], *, model_name: str, device: str) -> dict[str, Any]:
    """Return the keyword arguments of ``whisper.transcribe``."""
    given = {key: options.get(key, default) for key, default in DEFAULTS.items()}
    given["temperature"] = _temperatures(
        options.get("temperature", TEMPERATURE),
        options.get("temperature_increment_on_fallback", INCREMENT),
    )
    if model_name.endswith(".en"):
        given["language"] = "en"
    # float16 has no kernels on the CPU, and gives wrong text on MPS (pytorch#196322).
    given["fp16"] = given["fp16"] and device.startswith("cuda")
    return given


def writer_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of whisper's writers."""
    return {key: options.get(key, default) for key, default in WORD_OPTIONS.items()}


def _temperatures(first: float, increment: float | None) -> tuple[float, ...] | list[float]:
    if increment is None:
        return [first]
    return tuple(np.arange(first, 1.0 + ROUNDING, increment))
