"""Recordings through the whole runner with the real decoder, as a person meets it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.living import ROOT, Living, living, wait_for
from tests.media.oggpages import opus_silence
from tests.media.sounds import RECIPES, SECONDS, Recipe, write

RNG = np.random.default_rng(8)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """One runner for all: its jobs do not know each other."""
    spool = tmp_path_factory.mktemp("media") / "spool"
    with living(spool, engine="tests.media.pitch", formats="json") as it:
        yield it


def transcript(runner: Living, stem: str) -> dict[str, Any]:
    """A delivered transcript."""
    runner.delivered(f"{stem}.json")
    return dict(json.loads((runner.spool / f"outbox/{stem}.json").read_text()))


def record_of(runner: Living, state: str, name: str) -> dict[str, Any]:
    """The record of the job called ``name`` once it is in ``state``."""

    def found() -> dict[str, Any] | None:
        records = (runner.record(state, job) for job in runner.jobs(state))
        return next((record for record in records if record["name"]["text"] == name), None)

    return dict(wait_for(f"{name} in {state}", found))


def shown(runner: Living, job: str) -> str:
    """What ``show`` prints of a job."""
    done = subprocess.run(
        [sys.executable, "-m", "runner", "show", job], cwd=ROOT, env=runner.environment,
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def test_every_format_comes_through(runner: Living, tmp_path: Path) -> None:
    """Each promised format must become a transcript of its whole sound, without warnings."""
    stems = {name: "whole-" + name.replace(".", "-") for name in RECIPES}
    for name, recipe in RECIPES.items():
        runner.drop(
            f"{stems[name]}.{name.rpartition('.')[2]}", write(tmp_path, recipe).read_bytes()
        )
    for name, stem in stems.items():
        found = transcript(runner, stem)
        assert found["text"] == " 440 Hz", name
        assert found["job"]["audio_seconds"] == pytest.approx(SECONDS, abs=0.15), name
        assert (found["job"]["partial"], found["job"]["warnings"]) == (False, []), name


def test_the_options_name_the_track(runner: Living, tmp_path: Path) -> None:
    """``audio_track`` in a sidecar must choose a video's second sound track."""
    film = write(tmp_path, Recipe("film", "matroska", "aac", 48000, tracks=2, picture=True))
    (runner.spool / "inbox/second.mkv.toml").write_text("audio_track = 1\n")
    runner.drop("second.mkv", film.read_bytes())
    runner.drop("first.mkv", film.read_bytes())
    assert transcript(runner, "second")["text"] == " 880 Hz"
    assert transcript(runner, "first")["text"] == " 440 Hz"


def test_what_was_decoded_in_part_is_marked(runner: Living, tmp_path: Path) -> None:
    """A cut recording must be delivered with "partial" in ``job.warnings``, and ``show`` say it."""
    data = write(tmp_path, RECIPES["a.flac"]).read_bytes()
    runner.drop("cut.flac", data[: len(data) // 2])
    job = transcript(runner, "cut")["job"]
    assert job["partial"]
    assert any("partial" in warning for warning in job["warnings"])
    record_of(runner, "done", "cut.flac")
    lines = shown(runner, job["id"]).splitlines()
    assert any(line.startswith("warning:") and "partial" in line for line in lines)


def test_a_name_that_differs_from_the_content_is_noted(runner: Living, tmp_path: Path) -> None:
    """An m4a called .mp3 must be transcribed, and the difference be in ``job.warnings``."""
    runner.drop("phone.mp3", write(tmp_path, RECIPES["a.m4a"]).read_bytes())
    found = transcript(runner, "phone")
    assert found["text"] == " 440 Hz"
    assert found["job"]["warnings"] == ["the name says .mp3, the content is MP4"]


def _made(tmp_path: Path, recipe: Recipe, share: float = 1.0) -> bytes:
    data = write(tmp_path, recipe).read_bytes()
    return data[: int(len(data) * share)]


REFUSED: dict[str, tuple[str, str]] = {
    "cut.m4a": ("damaged", "bytes are missing"),
    "head.flac": ("damaged", "begins like FLAC"),
    "noise.mp3": ("not_media", "not a recording in a format known here"),
    "list.mp3": ("not_media", "a playlist"),
    "silent.mp4": ("no_audio", "no audio track"),
    "hours.opus": ("too_long", "longer than 60 s"),
    "tracks.mkv": ("bad_options", "audio_track is 3, but the recording has 2"),
}
SIDECARS = {"hours.opus": "max_audio_seconds = 60\n", "tracks.mkv": "audio_track = 3\n"}


def contents(name: str, tmp_path: Path) -> bytes:
    """The bytes of what is to be refused."""
    two = Recipe("two", "matroska", "aac", 48000, tracks=2)
    mute = Recipe("mute", "mp4", "aac", tracks=0, picture=True)
    make: dict[str, Callable[[], bytes]] = {
        "cut.m4a": lambda: _made(tmp_path, RECIPES["a.m4a"], 0.7),
        "head.flac": lambda: b"fLaC" + bytes(5000),
        "noise.mp3": lambda: RNG.bytes(50_000),
        "list.mp3": lambda: b"#EXTM3U\n#EXTINF:9,x\n/etc/hostname\n",
        "silent.mp4": lambda: _made(tmp_path, mute),
        "hours.opus": lambda: opus_silence(3600),
        "tracks.mkv": lambda: _made(tmp_path, two),
    }
    return make[name]()


def test_what_can_not_be_transcribed_is_buried_with_its_reason(
    runner: Living, tmp_path: Path
) -> None:
    """Each kind must end in failed/ at its first attempt, code and sentence right, and a notice."""
    for name, text in SIDECARS.items():
        (runner.spool / f"inbox/{name}.toml").write_text(text)
    for name in REFUSED:
        runner.drop(name, contents(name, tmp_path))
    for name, (code, sentence) in REFUSED.items():
        record = record_of(runner, "failed", name)
        assert record["reason"]["code"] == code, name
        assert sentence in record["reason"]["text"]
        assert len(record.get("attempts", [])) <= 1
        notice = (runner.spool / f"outbox/{name}.failed.txt").read_text()
        assert name in notice
        assert sentence in notice
        assert (runner.spool / "failed" / record["id"] / "source").exists()
