"""Bombs, playlists, lies: bounded, and nothing else is opened."""

import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from runner import media
from runner.job.errors import MediaError
from tests import needs
from tests.media.oggpages import opus_silence
from tests.media.sounds import RECIPES, tone, write, write_wav

HOURS = 12 * 3600
BYTES_A_SECOND = 4 * 16000
SLACK = 20_000_000
DECODE = """
import sys, time
from pathlib import Path
from runner import media
from runner.job.errors import MediaError
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
Path("/proc/self/clear_refs").write_text("5")  # what importing took at its peak does not count
size = peak()
began = time.process_time()
try:
    outcome = media.decode(Path(sys.argv[1]), max_seconds=float(sys.argv[2])).seconds
except MediaError as error:
    outcome = error.code
print(outcome, time.process_time() - began, peak() - size)
"""


class Spent(NamedTuple):
    """What decoding gave and cost."""

    outcome: str
    cpu_seconds: float
    bytes: int


def measured(path: Path, *, max_seconds: float) -> Spent:
    """Decode in a process of its own."""
    command = [sys.executable, "-c", DECODE, str(path), str(max_seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    outcome, seconds, size = done.stdout.split()
    return Spent(outcome, float(seconds), int(size))


def flac_silence() -> bytes:
    """12 h of silence as FLAC in frames of 64 K samples, as a bomb's maker would."""
    silence = av.AudioFrame.from_ndarray(
        np.zeros((1, 65535), np.int16), format="s16", layout="mono"
    )
    silence.rate, silence.time_base = 8000, Fraction(1, 8000)
    file = BytesIO()
    with av.open(file, "w", format="flac") as made:
        track = made.add_stream("flac", rate=8000, options={"frame_size": "65535"})
        assert isinstance(track, av.AudioStream)
        track.codec_context.layout = "mono"
        for start in range(0, HOURS * 8000, 65535):
            silence.pts = start
            made.mux(track.encode(silence))
        made.mux(track.encode(None))
    return file.getvalue()


def flac_without_length() -> bytes:
    """The same, not saying how long it is."""
    data = bytearray(flac_silence())
    assert data[:4] == b"fLaC"
    data[21] &= 0xF0
    data[22:26] = bytes(4)  # the number of samples in STREAMINFO
    return bytes(data)


BOMBS = {
    "opus": lambda: opus_silence(HOURS),
    "flac": flac_silence,
    "flac-unknown": flac_without_length,
}


def refusal(path: Path) -> str:
    """The code with which it is refused."""
    with pytest.raises(MediaError) as caught:
        media.decode(path, max_seconds=3600)
    return caught.value.code


@needs.linux()
@pytest.mark.parametrize("kind", BOMBS)
def test_hours_of_silence_stop_at_the_limit(kind: str, tmp_path: Path) -> None:
    """A small file of 12 h must be ``too_long`` within seconds and without memory for 12 h."""
    path = tmp_path / "source"
    path.write_bytes(BOMBS[kind]())
    assert path.stat().st_size < 12_000_000
    spent = measured(path, max_seconds=1800)
    assert spent.outcome == "too_long"
    assert spent.cpu_seconds < 5
    assert spent.bytes < 1.1 * 1800 * BYTES_A_SECOND + SLACK  # 12 h would be 2,765 MB


@needs.linux()
def test_what_says_itself_that_it_is_too_long_is_not_decoded(tmp_path: Path) -> None:
    """A declared length past the limit must be refused before memory is taken for the limit."""
    path = tmp_path / "source"
    path.write_bytes(opus_silence(HOURS))
    spent = measured(path, max_seconds=11 * 3600)
    assert spent.outcome == "too_long"
    assert spent.bytes < SLACK
    assert spent.cpu_seconds < 1


@needs.linux()
def test_forty_minutes_cost_what_they_weigh(tmp_path: Path) -> None:
    """A talk of 40 min must take the memory of its samples and a hundredth of its time."""
    path = tmp_path / "source"
    path.write_bytes(opus_silence(2400))
    spent = measured(path, max_seconds=43200)
    assert float(spent.outcome) == pytest.approx(2400, abs=16)
    assert spent.bytes < 1.1 * 2400 * BYTES_A_SECOND + SLACK
    assert spent.cpu_seconds < 24


def test_the_limit_is_of_decoded_sound(tmp_path: Path) -> None:
    """A recording at the limit passes, one past it does not, whatever its header says."""
    path = write_wav(tmp_path / "source", np.zeros(16000 * 10, np.int16))
    assert media.decode(path, max_seconds=10).seconds == 10
    with pytest.raises(MediaError, match="longer than 9 s") as caught:
        media.decode(path, max_seconds=9)
    assert caught.value.code == "too_long"


def test_a_sample_rate_of_1_hz_is_refused(tmp_path: Path) -> None:
    """One byte must not become 16,000 samples."""
    assert refusal(write_wav(tmp_path / "source", np.ones(900, np.int16), rate=1)) == "damaged"


def test_mutated_recordings_never_surprise(tmp_path: Path) -> None:
    """300 mutants of all formats must end in sound or a ``MediaError``."""
    rng = np.random.default_rng(11)
    originals = [write(tmp_path, r, seconds=1, name=n).read_bytes() for n, r in RECIPES.items()]
    path = tmp_path / "source"
    for number in range(300):
        path.write_bytes(_mutant(bytearray(originals[number % len(originals)]), rng))
        assert outcome(path) in {"sound", "damaged", "not_media", "no_audio", "too_long"}


def outcome(path: Path) -> str:
    """``sound``, or the code of the refusal."""
    try:
        return "sound" if media.decode(path, max_seconds=60).seconds > 0 else "nothing"
    except MediaError as error:
        return error.code


def _mutant(data: bytearray, rng: np.random.Generator) -> bytes:
    reach = int(rng.choice([64, 1024, len(data)]))
    for _ in range(int(rng.integers(1, 20))):
        data[int(rng.integers(0, min(reach, len(data))))] = int(rng.integers(0, 256))
    if rng.random() < 0.3:
        start = int(rng.integers(0, len(data)))
        del data[start : start + int(rng.integers(1, 2000))]
    return bytes(data)


def test_the_tone_is_what_the_other_tests_think() -> None:
    """The test signal itself must not be silent."""
    assert np.abs(tone(1, 16000)).max() > 0.2
