"""What decoding gives, and the buffer it grows in.

Purpose: ``Audio``, a value; ``Samples``, one float32 buffer that grows in place.
Guarantees: the samples are what ``whisper.audio.load_audio`` gives: 16-bit values divided by
32768, which float32 holds exactly.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
FIRST_SAMPLES = 60 * SAMPLE_RATE
GROWTH = 1.1
"""Little: numpy fills what is new with zeros, so that it is memory, not only room."""
_SCALE = np.float32(1 / 32768)


@dataclass(frozen=True, eq=False, kw_only=True)
class Audio:
    """A decoded recording. ``declared_seconds`` is its container's own word, if it has one."""

    samples: NDArray[np.float32]
    container: str
    codec: str
    declared_seconds: float | None = None
    partial: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """The decoded length."""
        return len(self.samples) / SAMPLE_RATE


class Samples:
    """Decoded sound so far. Growing keeps the pages (realloc), it does not copy them."""

    def __init__(self) -> None:
        self._buffer = np.empty(FIRST_SAMPLES, np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, sound: NDArray[Any]) -> None:
        """Add 16-bit samples."""
        assert sound.dtype == np.int16  # noqa: S101 - the resampler's format
        end = self._count + sound.size
        if end > self._buffer.size:
            self._buffer.resize(max(end, int(self._buffer.size * GROWTH)), refcheck=False)
        np.multiply(sound, _SCALE, out=self._buffer[self._count : end])
        self._count = end

    def finish(self) -> NDArray[np.float32]:
        """Return the samples and give the rest of the buffer back."""
        self._buffer.resize(self._count, refcheck=False)
        return self._buffer
