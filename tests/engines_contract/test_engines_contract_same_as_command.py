"""The same wav through the ``whisper`` command and through a job: the same bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.engines_contract import whisper_command
from tests.engines_contract.orders import Listener, order_for

from runner import engines
from runner.job.wire import Spec
from runner.models.locate import DEMO_FILE
from runner.worker.perform import perform

CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "defaults": ({}, ()),
    "sampled": (
        # No text reaches a log probability of 0: every window is sampled at 0.5 and at 1.0.
        {"logprob_threshold": 0.0, "temperature_increment_on_fallback": 0.5},
        ("--logprob_threshold", "0", "--temperature_increment_on_fallback", "0.5"),
    ),
    "words": (
        {"word_timestamps": True, "highlight_words": True, "language": "en", "beam_size": 2,
         "clip_timestamps": "0,6", "max_line_width": 20, "max_line_count": 2},
        ("--word_timestamps", "True", "--highlight_words", "True", "--language", "en",
         "--beam_size", "2", "--clip_timestamps", "0,6", "--max_line_width", "20",
         "--max_line_count", "2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_bytes_are_those_of_the_command(
    case: str, spoken_wav: Path, model_dir: Path, tmp_path: Path
) -> None:
    """srt, vtt, txt, tsv must be identical, json equal but for ``job``, sampled windows included."""
    options, arguments = CASES[case]
    theirs = whisper_command.run(
        spoken_wav, tmp_path / "theirs", "--model", str(DEMO_FILE), *arguments
    )
    engine = engines.load("openai-whisper").load("demo", model_dir)
    engine.prepare("cpu", 1)
    order = order_for(spoken_wav, tmp_path / "attempt-1", options=options)
    spec = Spec(engine="openai-whisper", model="demo", model_dir=str(model_dir))
    perform(order, engine=engine, spec=spec, report=Listener())
    ours = {form: Path(order.attempt_dir, f"rendering.{form}").read_bytes() for form in theirs}
    result = json.loads(ours.pop("json"))
    assert result.pop("job")["id"] == order.job
    assert result == json.loads(theirs.pop("json"))
    assert ours == theirs
    temperatures = {segment["temperature"] for segment in result["segments"]}
    assert temperatures == ({1.0} if case == "sampled" else {0.0})
