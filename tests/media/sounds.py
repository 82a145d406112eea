"""Recordings for the media tests, made with libav's own encoders while the test runs.

Purpose: ``RECIPES`` (one for each format that is promised), ``write`` and ``write_wav``.
"""

import wave
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SECONDS = 6.0
TONE = 440.0
FRAME = 1024


@dataclass(frozen=True)
class Recipe:
    """How to make one recording. ``declares``: a truncated one can be told from a whole one."""

    name: str
    format: str
    codec: str
    rate: int = 44100
    layout: str = "mono"
    picture: bool = False
    declares: bool = True
    index_last: bool = False
    """Its index comes last, so that a truncated one can't be opened at all."""
    muxer: dict[str, str] = field(default_factory=dict)
    encoder: dict[str, str] = field(default_factory=dict)
    bit_rate: int = 0
    tracks: int = 1


FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"}
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("pcm.wav", "wav", "pcm_s16le", 16000),
        Recipe("studio.wav", "wav", "pcm_s24le", 48000, "stereo"),
        Recipe("telephone.wav", "wav", "pcm_mulaw", 8000),
        Recipe("adpcm.wav", "wav", "adpcm_ms"),
        Recipe("long.w64", "w64", "pcm_s16le", 16000),
        Recipe("a.mp3", "mp3", "libmp3lame", layout="stereo"),
        Recipe(
            "bare.mp3", "mp3", "libmp3lame", declares=False,
            muxer={"write_xing": "0", "id3v2_version": "0"},
        ),
        Recipe("a.m4a", "ipod", "aac", index_last=True),
        Recipe("alac.m4a", "ipod", "alac", index_last=True),
        Recipe("film.mp4", "mp4", "ac3", 48000, "5.1", picture=True, index_last=True),
        Recipe("fast.mp4", "mp4", "aac", 48000, picture=True, muxer={"movflags": "faststart"}),
        Recipe("fragments.mp4", "mp4", "aac", 48000, muxer=FRAGMENTS),
        Recipe("a.mov", "mov", "aac", 48000, picture=True, index_last=True),
        Recipe("a.3gp", "3gp", "libopencore_amrnb", 8000, bit_rate=12200, index_last=True),
        Recipe("vorbis.ogg", "ogg", "vorbis", layout="stereo", encoder={"strict": "experimental"}),
        Recipe("a.opus", "ogg", "libopus", 48000),
        Recipe("a.flac", "flac", "flac"),
        Recipe("a.webm", "webm", "libopus", 48000),
        Recipe("a.mkv", "matroska", "aac", 48000, picture=True),
        Recipe("film.mkv", "matroska", "eac3", 48000, "5.1(side)", picture=True),
        Recipe("studio.flac", "flac", "flac", 96000, "6.1"),
        Recipe("live.webm", "webm", "libopus", 48000, declares=False, muxer={"live": "1"}),
        Recipe("a.aac", "adts", "aac", declares=False),
        Recipe("a.wma", "asf", "wmav2", layout="stereo", bit_rate=128000),
        Recipe("a.amr", "amr", "libopencore_amrnb", 8000, bit_rate=12200, declares=False),
        Recipe("a.avi", "avi", "libmp3lame", picture=True),
        Recipe("a.flv", "flv", "aac"),
        Recipe("a.ts", "mpegts", "aac", 48000, picture=True, declares=False),
        Recipe("a.mpg", "mpeg", "mp2", picture=True, declares=False),
        Recipe("a.aiff", "aiff", "pcm_s16be"),
        Recipe("a.caf", "caf", "pcm_s16le"),
        Recipe("a.au", "au", "pcm_s16be"),
    )
}  # fmt: skip


def tone(seconds: float, rate: int, pitch: float = TONE) -> NDArray[np.float32]:
    """A tone that swells and fades, so that parts can be told apart."""
    instants = np.arange(int(rate * seconds)) / rate
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * instants)
    return (0.3 * np.sin(2 * np.pi * pitch * instants) * swell).astype(np.float32)


def write(folder: Path, recipe: Recipe, *, seconds: float = SECONDS, name: str = "source") -> Path:
    """Make the recording of ``recipe``; a second track has twice the pitch."""
    path = folder / name
    with av.open(str(path), "w", format=recipe.format, options=recipe.muxer) as container:
        tracks = [_track(container, recipe) for _ in range(recipe.tracks)]
        picture = _picture(container) if recipe.picture else None
        sounds = [
            tone(seconds, recipe.rate, TONE * (number + 1)) for number in range(recipe.tracks)
        ]
        for start in range(0, int(seconds * recipe.rate), FRAME):
            for track, sound in zip(tracks, sounds, strict=True):
                container.mux(track.encode(_frame(sound[start : start + FRAME], recipe, start)))
            if picture is not None and start % (4 * FRAME) == 0:
                image = np.full((120, 160, 3), start // FRAME % 255, np.uint8)
                container.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        for track in tracks:
            container.mux(track.encode(None))
        if picture is not None:
            container.mux(picture.encode(None))
    return path


def _track(container: av.container.OutputContainer, recipe: Recipe) -> av.AudioStream:
    track = container.add_stream(recipe.codec, rate=recipe.rate, options=recipe.encoder)
    assert isinstance(track, av.AudioStream)
    track.codec_context.layout = recipe.layout
    if recipe.bit_rate:
        track.codec_context.bit_rate = recipe.bit_rate
    return track


def _picture(container: av.container.OutputContainer) -> av.VideoStream:
    picture = container.add_stream("mpeg4", rate=10)
    assert isinstance(picture, av.VideoStream)
    picture.codec_context.width, picture.codec_context.height = 160, 120
    picture.codec_context.pix_fmt = "yuv420p"
    return picture


def _frame(sound: NDArray[np.float32], recipe: Recipe, start: int) -> av.AudioFrame:
    channels = av.AudioLayout(recipe.layout).nb_channels
    planes = np.ascontiguousarray(np.tile(sound, (channels, 1)))
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=recipe.layout)
    frame.rate, frame.pts, frame.time_base = recipe.rate, start, Fraction(1, recipe.rate)
    return frame


def write_wav(path: Path, samples: NDArray[np.int16], *, rate: int = 16000) -> Path:
    """Write 16-bit mono samples with the standard library, not with libav."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path
