"""Frames of any shape become mono 16 kHz, 16 bits.

Purpose: ``Mixer``.
Guarantees: resampling and mixing are libav's own, the graph that ``ffmpeg -ac 1 -ar 16000
-f s16le`` builds: a 16 kHz mono 16-bit recording comes out bit for bit, and others as the
``whisper`` command hears them.
Why gathered: resampling costs 0.1 ms a call; frames hold from 4 ms of sound.
"""

from collections.abc import Callable

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from runner.job.errors import MediaError
from runner.job.outcomes import Refusal
from runner.media import allowed
from runner.media.audio import SAMPLE_RATE
from runner.media.faults import FAULTS

GATHER_SAMPLES = 32768

Shape = tuple[int, str, str]


class Mixer:
    """One resampler at a time; a recording may change its shape on the way."""

    def __init__(self, keep: Callable[[AudioFrame], None]) -> None:
        self.damaged = 0
        """Frames that could not be brought into shape."""
        self._keep = keep
        self._shape: Shape | None = None
        self._gathered = AudioFifo()
        self._resampler: AudioResampler | None = None

    def add(self, frame: AudioFrame) -> None:
        """Take one decoded frame."""
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        if shape != self._shape:
            _check(frame)
            self.close()
            self._shape = shape
        frame.pts = None  # a gap in the time stamps is not filled: ffmpeg doesn't either
        self._gathered.write(frame)
        if self._gathered.samples >= GATHER_SAMPLES:
            self._resample(self._gathered.read())

    def close(self) -> None:
        """Bring out what is left."""
        if self._shape is not None:
            if self._gathered.samples:
                self._resample(self._gathered.read())
            self._resample(None)
        self._gathered, self._resampler, self._shape = AudioFifo(), None, None

    def _resample(self, frame: AudioFrame | None) -> None:
        if self._resampler is None:
            self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        try:
            sounds = self._resampler.resample(frame)
        except FAULTS:
            self.damaged += 1
            self._resampler = None
            return
        for sound in sounds:
            self._keep(sound)


def _check(frame: AudioFrame) -> None:
    """Refuse what no recording is."""
    if not allowed.MIN_RATE <= frame.sample_rate <= allowed.MAX_RATE:
        raise MediaError(Refusal.DAMAGED, f"a sample rate of {frame.sample_rate} Hz is no sound")
    channels = len(frame.layout.channels)
    if not 0 < channels <= allowed.MAX_CHANNELS:
        raise MediaError(Refusal.DAMAGED, f"its {channels} channels can't be mixed into one")
