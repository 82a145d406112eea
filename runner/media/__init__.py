"""Recordings become samples: PyAV, allowed formats only, limits, nothing silently short.

Purpose: ``decode(path, ...)`` gives an ``Audio`` of mono 16 kHz float32 samples.
Guarantees: what is in the file decides, never its name; no playlist, no nested file, no URL is
followed; memory grows with the decoded length and stops at ``max_seconds``; a file that is
shorter than its container declares comes out marked ``partial``.
Diagnostics: ``MediaError`` with a ``Refusal`` code and one sentence. Our own disk's failure to
give the bytes stays an ``OSError``.
"""

from runner.media.audio import SAMPLE_RATE, Audio
from runner.media.decoding import decode

__all__ = ["SAMPLE_RATE", "Audio", "decode"]
