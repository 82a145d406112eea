"""Whole recordings of every promised format come out whole."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from runner import media
from runner.job.errors import MediaError
from tests.media.sounds import RECIPES, SECONDS, TONE, Recipe, tone, write, write_wav

RNG = np.random.default_rng(1)


def decode(path: Path, *, track: int | None = None) -> media.Audio:
    """Decode with a limit that is not reached."""
    return media.decode(path, max_seconds=3600, track=track)


def pitch_of(audio: media.Audio) -> float:
    """The strongest frequency of the second second."""
    part = audio.samples[16000:32000]
    return float(np.argmax(np.abs(np.fft.rfft(part))))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_whole_recording_comes_out_whole(recipe: Recipe, tmp_path: Path) -> None:
    """Each format must give all its sound, mono at 16 kHz, with neither warning nor ``partial``."""
    audio = decode(write(tmp_path, recipe))
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert audio.seconds == pytest.approx(SECONDS, abs=0.15)
    assert pitch_of(audio) == pytest.approx(TONE, abs=3)
    assert (audio.partial, audio.warnings) == (False, ())


@pytest.mark.parametrize("count", [1, 159, 16000, 480001, 1_000_003])
def test_a_16_khz_wav_comes_out_bit_for_bit(count: int, tmp_path: Path) -> None:
    """A 16 kHz mono 16-bit wav must give exactly what ``whisper.audio.load_audio`` computes."""
    samples = RNG.integers(-32768, 32768, count).astype(np.int16)
    audio = decode(write_wav(tmp_path / "source", samples))
    assert np.array_equal(audio.samples, samples.astype(np.float32) / 32768.0)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    """An mp4 called .mp3 and a wav called .txt must be read as what they are."""
    assert decode(write(tmp_path, RECIPES["a.m4a"], name="a.mp3")).container == "mov"
    assert decode(write(tmp_path, RECIPES["pcm.wav"], name="a.txt")).container == "wav"


@pytest.mark.parametrize("kind", [("matroska", "flac"), ("mp4", "aac"), ("mpegts", "mp2")])
def test_the_first_track_is_taken_or_the_named_one(kind: tuple[str, str], tmp_path: Path) -> None:
    """Of a video the first audio track is decoded, or the one that ``track`` names."""
    path = write(tmp_path, Recipe("two", *kind, 48000, tracks=2, picture=True))
    assert pitch_of(decode(path)) == pytest.approx(TONE, abs=3)
    assert pitch_of(decode(path, track=0)) == pytest.approx(TONE, abs=3)
    assert pitch_of(decode(path, track=1)) == pytest.approx(2 * TONE, abs=3)


@pytest.mark.parametrize("channels", [16, 25])
def test_many_channels_are_mixed_or_refused(channels: int, tmp_path: Path) -> None:
    """A mixing desk's wav must become one channel; what libav can't mix is refused in words."""
    path = tmp_path / "source"
    sound = np.repeat((tone(2, 48000) * 32767).astype("<i2")[:, None], channels, 1)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 48000, len(sound), "NONE", ""))
        file.writeframes(sound.tobytes())
    if channels == 16:
        assert pitch_of(decode(path)) == pytest.approx(TONE, abs=3)
        return
    with pytest.raises(MediaError, match="25 channels can't be mixed") as caught:
        decode(path)
    assert caught.value.code == "damaged"


def test_a_track_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A track number past the last must be refused with the number of tracks there are."""
    with pytest.raises(MediaError, match="has 1") as caught:
        decode(write(tmp_path, RECIPES["pcm.wav"]), track=1)
    assert caught.value.code == "bad_options"


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    """A picture without an audio track must be refused as ``no_audio``."""
    path = write(tmp_path, Recipe("silent", "mp4", "aac", tracks=0, picture=True))
    with pytest.raises(MediaError, match="no audio track") as caught:
        decode(path)
    assert caught.value.code == "no_audio"


def test_an_mp3_behind_a_large_cover_is_found(tmp_path: Path) -> None:
    """An ID3 tag of 3 MB (a cover picture) must not hide the sound behind it."""
    path = write(tmp_path, RECIPES["bare.mp3"])
    size = 3_000_000
    syncsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    picture = b"APIC" + struct.pack(">I", size - 10) + b"\0\0" + bytes(size - 10)
    path.write_bytes(b"ID3\x03\0\0" + syncsafe + picture + path.read_bytes())
    assert decode(path).seconds == pytest.approx(SECONDS, abs=0.15)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_from_a_pipe_is_whole(size: int, tmp_path: Path) -> None:
    """A writer that could not know the length must not make its file count as cut off."""
    samples = RNG.integers(-3000, 3000, 32000).astype(np.int16)
    path = write_wav(tmp_path / "source", samples)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = struct.pack("<I", size)
    path.write_bytes(data)
    audio = decode(path)
    assert (audio.seconds, audio.partial, audio.warnings) == (2.0, False, ())


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    """The reported fraction must stay within 0..1 and come close to 1."""
    seen: list[float] = []
    media.decode(
        write(tmp_path, RECIPES["a.flac"], seconds=60), max_seconds=100, report=seen.append
    )
    assert len(seen) > 10
    assert min(seen) >= 0
    assert 0.9 < max(seen) <= 1


def test_a_change_of_format_inside_is_followed(tmp_path: Path) -> None:
    """Two mp3 of different rates and channels in one file must both be heard."""
    first = write(tmp_path, RECIPES["bare.mp3"], name="one")
    second = write(tmp_path, Recipe("two", "mp3", "libmp3lame", 22050, "stereo"), name="two")
    joined = tmp_path / "source"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    assert decode(joined).seconds == pytest.approx(2 * SECONDS, abs=0.3)


def test_what_libav_can_not_follow_is_partial(tmp_path: Path) -> None:
    """A chained Ogg whose parts differ in channels stops libav: that must be said."""
    first = write(tmp_path, RECIPES["a.opus"], name="one")
    second = write(tmp_path, Recipe("two", "ogg", "libopus", 48000, "stereo"), name="two")
    chained = tmp_path / "source"
    chained.write_bytes(first.read_bytes() + second.read_bytes())
    audio = decode(chained)
    assert audio.partial or audio.seconds == pytest.approx(2 * SECONDS, abs=0.3)
