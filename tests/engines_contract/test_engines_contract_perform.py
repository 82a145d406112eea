"""The worker's one job: order of things, records, renderings, refusals."""

import hashlib
import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from whisper.utils import get_writer

from runner import durable
from runner.engines import Report
from runner.job.end import EndRecord
from runner.job.errors import MediaError
from runner.job.wire import Spec
from runner.worker.coverage import doubts, last_cue
from runner.worker.perform import perform
from runner.worker.render import render
from tests.engines_contract.orders import Listener, order_for
from tests.media.sounds import tone, write_wav

SPEC = Spec(engine="fake", model="demo", model_dir="/nowhere", device="cpu", why="a test")
RESULT: dict[str, Any] = {
    "text": " One. Two\t3 --> 4",
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.5, "text": " One."},
        {"id": 1, "start": 3661.25, "end": 3662.0, "text": " Two\t3 --> 4 é 한 "},
    ],
    "language": "en",
}


class Fake:
    """An engine that says what it was given."""

    def prepare(self, device: str, threads: int) -> None: ...

    def transcribe(
        self, samples: NDArray[np.float32], options: Mapping[str, Any], report: Report
    ) -> Mapping[str, Any]:
        self.samples, self.options = samples, options
        report(1.0)
        return RESULT


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three seconds of a tone."""
    return write_wav(tmp_path / "source", (tone(3, 16000) * 32768).astype(np.int16))


def test_news_come_in_order(source: Path, tmp_path: Path) -> None:
    """Accepted, then checking, decoding, the length, transcribing: in this order."""
    listener = Listener()
    perform(order_for(source, tmp_path / "a"), engine=Fake(), spec=SPEC, report=listener)
    phases = list(dict.fromkeys(name for name, _ in listener.news))
    assert phases == ["accepted", "checking", "decoding", "length", "transcribing"]
    assert ("length", 3.0) in listener.news


def test_the_source_is_synced_before_it_counts_as_accepted(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted promises that the recording's data is on the device."""
    done: list[str] = []
    monkeypatch.setattr(durable, "sync_file", lambda path: done.append(str(path)))
    monkeypatch.setattr(Listener, "accepted", lambda _: done.append("accepted"))
    perform(order_for(source, tmp_path / "a"), engine=Fake(), spec=SPEC, report=Listener())
    assert done == [str(source), "accepted"]


def test_end_is_written_last_and_holds(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The END record must come after all renderings and name their sizes and sums."""
    order = order_for(source, tmp_path / "a")
    seen: list[list[str]] = []
    write = durable.write_atomic

    def watched(path: Path, data: bytes) -> None:
        seen.append(sorted(path.name for path in Path(order.attempt_dir).iterdir()))
        write(path, data)

    monkeypatch.setattr(durable, "write_atomic", watched)
    end = perform(order, engine=Fake(), spec=SPEC, report=Listener())
    assert seen == [sorted(f"rendering.{form}" for form in order.formats)]
    assert EndRecord.from_json(Path(order.attempt_dir, "result.json").read_bytes()) == end
    assert tuple(entry.format for entry in end.renderings) == order.formats
    for entry in end.renderings:
        data = Path(order.attempt_dir, entry.file).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry.size, entry.sha256)


def test_the_job_key_says_where_it_comes_from(source: Path, tmp_path: Path) -> None:
    """The JSON must be whisper's object plus ``job`` with ids, sums, engine, device, warnings."""
    order = order_for(source, tmp_path / "a", options={"language": "en"})
    end = perform(order, engine=Fake(), spec=SPEC, report=Listener())
    found = json.loads(Path(order.attempt_dir, "rendering.json").read_bytes())
    job = found.pop("job")
    assert found == RESULT
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    expected = {
        "id": order.job, "upload_id": "ab" * 16, "source_name": "talk.mp3",
        "source_sha256": sha256, "model": "demo", "engine": "fake", "device": "cpu",
        "why": "a test", "options": {"language": "en"}, "attempts": 1, "attempt": 1,
        "audio_seconds": 3.0, "last_cue_seconds": 3662.0, "language": "en",
        "container": "wav", "codec": "pcm_s16le", "partial": False,
        "warnings": ["the name says .mp3"],
    }  # fmt: skip
    assert {key: job[key] for key in expected} == expected
    assert job["wall_seconds"] > 0
    assert "whisper-spool" in job["versions"]
    assert end.source_sha256 == sha256


def test_a_wrong_checksum_is_refused(source: Path, tmp_path: Path) -> None:
    """A recording that is not the announced one must be refused, and nothing rendered."""
    order = order_for(source, tmp_path / "a", expected_sha256="0" * 64)
    with pytest.raises(MediaError, match="announced was 000") as caught:
        perform(order, engine=Fake(), spec=SPEC, report=Listener())
    assert caught.value.code == "checksum"
    assert not list(Path(order.attempt_dir).iterdir())


def test_a_right_checksum_passes(source: Path, tmp_path: Path) -> None:
    """Upper-case hex must count too."""
    announced = hashlib.sha256(source.read_bytes()).hexdigest().upper()
    order = order_for(source, tmp_path / "a", expected_sha256=announced)
    assert perform(order, engine=Fake(), spec=SPEC, report=Listener()).renderings


def test_the_limits_and_the_track_reach_the_decoder(source: Path, tmp_path: Path) -> None:
    """``max_audio_seconds`` and ``audio_track`` of the order must be obeyed."""
    with pytest.raises(MediaError, match="longer than 2 s"):
        perform(
            order_for(source, tmp_path / "a", max_audio_seconds=2),
            engine=Fake(), spec=SPEC, report=Listener(),
        )  # fmt: skip
    with pytest.raises(MediaError, match="audio_track is 1"):
        perform(
            order_for(source, tmp_path / "b", options={"audio_track": 1}),
            engine=Fake(), spec=SPEC, report=Listener(),
        )  # fmt: skip


def test_a_cut_recording_is_marked(source: Path, tmp_path: Path) -> None:
    """``partial`` and its reason must reach the record and the transcript."""
    source.write_bytes(source.read_bytes()[:40000])
    order = order_for(source, tmp_path / "a")
    end = perform(order, engine=Fake(), spec=SPEC, report=Listener())
    job = json.loads(Path(order.attempt_dir, "rendering.json").read_bytes())["job"]
    assert end.partial
    assert job["partial"]
    assert any("cut off" in warning for warning in job["warnings"])


def test_a_planted_rendering_is_not_written_through(source: Path, tmp_path: Path) -> None:
    """A symbolic link under a rendering's name must stop the job, its target untouched."""
    order = order_for(source, tmp_path / "a")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    Path(order.attempt_dir, "rendering.srt").symlink_to(victim)
    with pytest.raises(FileExistsError):
        perform(order, engine=Fake(), spec=SPEC, report=Listener())
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("form", ["srt", "vtt", "txt", "tsv", "json"])
def test_the_plain_forms_are_whispers(form: str) -> None:
    """An engine without writers must get the very bytes that whisper's writers make."""
    file = StringIO()
    get_writer(form, "").write_result(RESULT, file=file)
    assert render(form, RESULT, engine=Fake(), options={}) == file.getvalue().encode()


def speech(*spans: tuple[float, float]) -> dict[str, Any]:
    """A result that has text in these seconds."""
    return {"text": "x", "segments": [{"start": a, "end": b, "text": " x"} for a, b in spans]}


@pytest.mark.parametrize(
    ("result", "seconds", "found"),
    [
        (speech((0, 58)), 60, []),
        (speech((0, 360)), 8760, ["the text ends at 6:00 of 146:00", "the text covers 4% of"]),
        (speech((0, 2), (595, 600)), 600, ["the text covers 1% of the audio"]),
        (speech((0, 500)), 590, ["the text ends at 8:20 of 9:50"]),
        ({"text": "", "segments": []}, 30, ["no speech was recognised"]),
        ({"text": "", "segments": []}, 0.1, []),
        ({"text": "hello", "segments": []}, 3, []),
    ],
)
def test_little_text_is_doubted(result: dict[str, Any], seconds: float, found: list[str]) -> None:
    """Text that stops early or covers little must be said, ordinary text not."""
    told = doubts(result, seconds, {})
    assert len(told) == len(found)
    assert all(part in sentence for part, sentence in zip(found, told, strict=True))
    assert doubts(result, seconds, {"clip_timestamps": "0,5"}) == []


def test_an_empty_cue_is_no_last_cue() -> None:
    """A segment without text must not count as speech."""
    assert last_cue({"segments": [{"start": 0, "end": 9, "text": " "}]}) == 0
