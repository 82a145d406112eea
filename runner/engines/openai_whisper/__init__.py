"""openai-whisper, loaded warm, behaving as the ``whisper`` command does.

Purpose: the engine ``openai-whisper``; ``load`` is its whole face.
Guarantees: same options, same text as the command; from a 16 kHz wav also the same srt, vtt,
tsv and txt, for its own writers write them. Loading starts no thread and draws no random number.
Limits: numbers in the JSON (``avg_logprob``) depend in their last digits on the number of
threads, as the command's do; sampled windows start from torch's documented seed, where the
command starts from another one each time. MPS is best effort and untested.
"""

from pathlib import Path

import torch

from runner.engines.openai_whisper.engine import OpenAIWhisper
from runner.models import locate


def load(model: str, model_dir: Path) -> OpenAIWhisper:
    """Locate and map ``model``, and warm what every job needs."""
    # The fork trap: one parallel region before the fork, and each worker with more than one
    # thread hangs for ever.
    torch.set_num_threads(1)
    engine = OpenAIWhisper(locate(model, model_dir.expanduser()), model_dir.expanduser())
    engine.warm()
    return engine
