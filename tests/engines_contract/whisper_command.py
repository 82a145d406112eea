"""openai-whisper's own command on one recording, the measure for what an engine and a runner give.

Purpose: ``CASES``, ``spoken()`` and ``theirs()``: three ways to call the command on half a minute
of speech, and what it writes for each. Computed once in a test run. As a program it is the
command, several calls in one process, with two things put right that a comparison needs:
``load_audio`` reads a 16 kHz wav itself (bit for bit what ffmpeg gives), and torch starts each
time from its documented seed, where it else starts from another.
"""

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from runner import media
from runner.models.locate import DEMO_FILE
from tests.media.sounds import write_wav

FORMATS = ("srt", "vtt", "txt", "tsv", "json")
CLIPS = DEMO_FILE.parent / "clips"
SECONDS = 34
"""A little more than one window."""


class Case(NamedTuple):
    """Options of a job, the same as arguments, and the temperature that all segments get."""

    options: dict[str, Any]
    arguments: tuple[str, ...]
    temperature: float = 0.0


CASES = {
    "defaults": Case({}, ()),
    "sampled": Case(
        # No text reaches a log probability of 0: every window is sampled at 0.5 and at 1.0.
        {"logprob_threshold": 0.0, "temperature_increment_on_fallback": 0.5},
        ("--logprob_threshold", "0", "--temperature_increment_on_fallback", "0.5"),
        temperature=1.0,
    ),
    "words": Case(
        {"word_timestamps": True, "highlight_words": True, "language": "en", "beam_size": 2,
         "clip_timestamps": "0,6", "max_line_width": 20, "max_line_count": 2},
        ("--word_timestamps", "True", "--highlight_words", "True", "--language", "en",
         "--beam_size", "2", "--clip_timestamps", "0,6", "--max_line_width", "20",
         "--max_line_count", "2"),
    ),
}  # fmt: skip


@cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="whisper-command-")


@cache
def spoken() -> Path:
    """The recording, 16 kHz wav: two of the demo's clips with silence between them."""
    names = ("hello.wav", "colours.ogg")
    first, last = (media.decode(CLIPS / name, max_seconds=60).samples for name in names)
    sound = np.zeros(SECONDS * 16000, np.float32)
    sound[: len(first)] = first
    sound[-len(last) :] = last
    return write_wav(Path(_home().name, "talk.wav"), (sound * 32768).astype(np.int16))


@cache
def theirs() -> dict[str, dict[str, bytes]]:
    """What the command writes: case -> format -> bytes."""
    wav, home = spoken(), Path(_home().name)
    calls = [
        # One thread: sums depend on their number.
        [str(wav), "--model", str(DEMO_FILE), "--output_dir", str(home / name), "--threads", "1",
         "--device", "cpu", "--fp16", "False", "--verbose", "False", *case.arguments]
        for name, case in CASES.items()
    ]  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "tests.engines_contract.whisper_command", json.dumps(calls)],
        cwd=Path(__file__).resolve().parents[2], check=True, capture_output=True, timeout=110,
    )  # fmt: skip
    return {
        name: {form: (home / name / f"{wav.stem}.{form}").read_bytes() for form in FORMATS}
        for name in CASES
    }


def compare(case: str, ours: dict[str, bytes]) -> dict[str, Any]:
    """Assert that what we made are the command's bytes, json's but for ``job``; return that."""
    expected = dict(theirs()[case])
    result = json.loads(ours.pop("json"))
    job: dict[str, Any] = result.pop("job")
    assert result == json.loads(expected.pop("json"))
    assert ours == expected
    assert {segment["temperature"] for segment in result["segments"]} == {CASES[case].temperature}
    return job


if __name__ == "__main__":
    import importlib
    import wave

    import torch
    from numpy.typing import NDArray

    def load_audio(file: str) -> NDArray[np.float32]:
        """Read a 16 kHz wav."""
        with wave.open(file) as sound:
            assert sound.getparams()[:3] == (1, 2, 16000)
            data = sound.readframes(sound.getnframes())
        return np.frombuffer(data, np.int16).flatten().astype(np.float32) / 32768.0

    audio: Any = importlib.import_module("whisper.audio")
    audio.load_audio = load_audio
    command = importlib.import_module("whisper.transcribe")
    for call in json.loads(sys.argv[1]):
        torch.manual_seed(torch.Generator().initial_seed())
        sys.argv[1:] = call
        command.cli()
