"""What each job would otherwise load for itself: tokenizer, filters, the compiled aligner.

Purpose: ``warm(multilingual, languages, mels, cache_dir)``, in the template.
Figures: tokenizer and its list of non-speech tokens 280 ms, mel filters 6 ms; the aligner for
word timestamps compiles in 1 to 3 s once and comes from its cache in 11 ms afterwards.
Why patched: whisper's ``dtw_cpu`` is compiled ``parallel`` though it has no parallel loop, and
numba's threads don't survive a fork. The same source without it gives the same numbers.
"""

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import torch
from whisper.audio import mel_filters
from whisper.tokenizer import Tokenizer, get_tokenizer

_non_speech_tokens = Tokenizer.non_speech_tokens.func


def warm(*, multilingual: bool, languages: int, mels: int, cache_dir: Path) -> None:
    """Load what does not depend on the recording."""
    compile_aligner(cache_dir)
    share_non_speech_tokens()
    get_tokenizer(multilingual, num_languages=languages)
    tokenizer = get_tokenizer(
        multilingual, num_languages=languages, language="en", task="transcribe"
    )
    _ = tokenizer.non_speech_tokens
    mel_filters(torch.device("cpu"), mels)


def share_non_speech_tokens() -> None:
    """Have tokenizers of all languages share the list that depends on the encoding alone."""
    shared: dict[Any, tuple[int, ...]] = {}

    def tokens(tokenizer: Tokenizer) -> tuple[int, ...]:
        if tokenizer.encoding not in shared:
            shared[tokenizer.encoding] = _non_speech_tokens(tokenizer)
        return shared[tokenizer.encoding]

    Tokenizer.non_speech_tokens = property(tokens)


@cache
def compile_aligner(cache_dir: Path) -> None:
    """Replace whisper's kernels by ones without threads, compiled now."""
    timing = importlib.import_module("whisper.timing")
    sources = {name: getattr(timing, name).py_func for name in ("backtrace", "dtw_cpu")}
    try:
        # No locator works where the folder can't be written; then it compiles each time.
        numba.config.CACHE_DIR = str(cache_dir)  # type: ignore[attr-defined]
        _install(timing, sources, cache=True)
    except (OSError, RuntimeError):
        _install(timing, sources, cache=False)


def _install(timing: ModuleType, sources: dict[str, Any], *, cache: bool) -> None:
    for name, source in sources.items():  # dtw_cpu calls backtrace by its global name
        setattr(timing, name, numba.jit(nopython=True, cache=cache)(source))
    timing.dtw_cpu(np.zeros((2, 3)))
