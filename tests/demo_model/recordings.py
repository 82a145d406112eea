"""Write and read recordings with PyAV.

Purpose: held-out clips and demo clips in the containers people drop, and the samples whisper
wants from any of them.

Guarantees: `read` returns 16 kHz mono float32; `write` replaces a file only when it is complete,
and stores the same bytes for the same samples (no dates, no random stream numbers).

Limits: mono, 16 kHz; lossy formats move samples by a few milliseconds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
import numpy as np

from .speech import RATE, Sound

# suffix: container, codec, bits a second
FORMATS = {
    ".wav": ("wav", "pcm_s16le", None),
    ".flac": ("flac", "flac", None),
    ".mp3": ("mp3", "libmp3lame", 48000),
    ".ogg": ("ogg", "libopus", 32000),
    ".m4a": ("ipod", "aac", 48000),
}


def write(path: Path, samples: Sound) -> None:
    """Encode samples in the format that the suffix names."""
    container, codec, bits = FORMATS[path.suffix]
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    unfinished = path.with_name(f".{path.name}.tmp")
    with av.open(str(unfinished), "w", container, {"fflags": "+bitexact"}) as file:
        stream = cast("av.AudioStream", file.add_stream(codec, rate=RATE, layout="mono"))
        if bits:
            stream.bit_rate = bits
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for piece in _pieces(stream, frame):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    unfinished.replace(path)


def _pieces(stream: av.AudioStream, frame: av.AudioFrame) -> Iterator[av.AudioFrame]:
    """The frame as the encoder wants it: its sample format, its frame size."""
    stream.codec_context.open()
    size = stream.codec_context.frame_size or 4096
    resampler = av.AudioResampler(stream.format.name, "mono", RATE, frame_size=size)
    yield from resampler.resample(frame)
    yield from resampler.resample(None)


def read(path: Path) -> Sound:
    """Decode any recording to 16 kHz mono float32."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as file:
        frames = [f for frame in file.decode(audio=0) for f in resampler.resample(frame)]
    frames += resampler.resample(None)
    pieces = [f.to_ndarray()[0] for f in frames]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
