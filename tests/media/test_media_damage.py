"""Cut and damaged recordings end with a reason or marked ``partial``; never silently short."""

import struct
from pathlib import Path

import numpy as np
import pytest

from runner import media
from runner.job.errors import MediaError
from tests.media.sounds import RECIPES, SECONDS, Recipe, write, write_wav

DECLARING = {name: recipe for name, recipe in RECIPES.items() if recipe.declares}


def decode(path: Path) -> media.Audio:
    """Decode with a limit that is not reached."""
    return media.decode(path, max_seconds=3600)


def cut(path: Path, share: float) -> Path:
    """Keep only the first ``share`` of a file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def outcome(path: Path) -> float | str:
    """The seconds that come out, or the code of the refusal."""
    try:
        return decode(path).seconds
    except MediaError as error:
        return error.code


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("recipe", DECLARING.values(), ids=DECLARING)
def test_a_cut_recording_is_never_silently_short(
    recipe: Recipe, share: float, tmp_path: Path
) -> None:
    """What declares its length must come out with a warning "partial", or be refused."""
    path = cut(write(tmp_path, recipe), share)
    if recipe.index_last:
        with pytest.raises(MediaError, match="bytes are missing") as caught:
            decode(path)
        assert caught.value.code == "damaged"
        return
    audio = decode(path)
    assert audio.partial
    assert audio.warnings[0].startswith("partial: ")
    assert audio.seconds < SECONDS * share + 1


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_hole_in_the_middle_ends_with_a_result_or_a_reason(
    recipe: Recipe, tmp_path: Path
) -> None:
    """Rubbish inside a recording must give sound or a ``MediaError``, nothing else."""
    path = write(tmp_path, recipe)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(5).bytes(3000)
    path.write_bytes(data)
    found = outcome(path)
    assert found == "damaged" or 0 < float(found) < 2 * SECONDS


def test_a_hole_is_measured(tmp_path: Path) -> None:
    """Frames that are lost in the middle must be missed against the declared length."""
    path = write(tmp_path, RECIPES["a.flac"])
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = np.random.default_rng(5).bytes(third)
    path.write_bytes(data)
    audio = decode(path)
    assert audio.partial
    assert any("of the declared 6.0 s" in warning for warning in audio.warnings)


@pytest.mark.parametrize("declared", [0.5, 6])
def test_a_wav_whose_header_lies_is_told(declared: float, tmp_path: Path) -> None:
    """A wav that declares more than there is must be ``partial``; one that declares less, warn."""
    path = write_wav(tmp_path / "source", np.full(2 * 16000, 300, np.int16))
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", int(declared * 32000))
    path.write_bytes(data)
    audio = decode(path)
    assert audio.seconds == min(declared, 2.0)
    assert audio.partial == (declared > 2)
    bytes_off = "48000 bytes behind" if declared < 2 else "128000 of its declared bytes are missing"
    assert bytes_off in audio.warnings[0]


def test_what_follows_the_sound_of_a_wav_is_no_sound(tmp_path: Path) -> None:
    """Tags behind the sound, and a pad byte, must not count as sound that was not read."""
    path = write_wav(tmp_path / "source", np.full(16000, 300, np.int16))
    tags = b"LIST" + struct.pack("<I", 1005) + b"INFO" + bytes(1001) + b"\0"
    path.write_bytes(path.read_bytes() + tags + b"id3 " + struct.pack("<I", 600) + bytes(600))
    audio = decode(path)
    assert (audio.seconds, audio.partial, audio.warnings) == (1.0, False, ())


def test_an_ogg_without_its_end_is_doubted(tmp_path: Path) -> None:
    """An Ogg cut exactly between two pages must at least carry a warning."""
    path = write(tmp_path, RECIPES["a.opus"])
    data = path.read_bytes()
    path.write_bytes(data[: data.rfind(b"OggS")])
    assert any("end mark" in warning for warning in decode(path).warnings)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_media"),
        (b"\x00" * 100_000, "not_media"),
        (b"Dear Sir or Madam,\n" * 500, "not_media"),
        (b"PK\x03\x04" + bytes(5000), "not_media"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), "not_media"),
        (np.random.default_rng(3).bytes(50_000), "not_media"),
        (b"RIFF\x00\x10\x00\x00WAVE" + bytes(100), "damaged"),
        (b"fLaC" + bytes(5000), "damaged"),
    ],
    ids=["empty", "zeros", "text", "zip", "png", "random", "wav-head", "flac-head"],
)
def test_what_is_no_recording_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    """Files that are nothing known are ``not_media``, known heads without a body ``damaged``."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        decode(path)
    assert caught.value.code == code
    assert str(caught.value)


def test_a_wav_without_samples_has_no_audio(tmp_path: Path) -> None:
    """A well-formed recording of length nothing must be refused as ``no_audio``."""
    with pytest.raises(MediaError) as caught:
        decode(write_wav(tmp_path / "source", np.zeros(0, np.int16)))
    assert caught.value.code == "no_audio"


def test_our_own_disk_is_not_the_recordings_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An I/O error of the disk must stay an ``OSError``: that is refunded."""
    path = write_wav(tmp_path / "source", np.zeros(320_000, np.int16))

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("runner.media.opening.os.pread", broken)
    with pytest.raises(OSError, match="Input/output"):
        decode(path)
