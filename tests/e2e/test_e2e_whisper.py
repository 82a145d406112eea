"""The real engine through the whole runner: the ``whisper`` command's own bytes."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.living import Living, living, wait_for
from tests.engines_contract import whisper_command
from tests.engines_contract.whisper_command import CASES, FORMATS

REAL = {
    "engine": "openai-whisper",
    "model": "demo",
    "threads": 1,  # sums depend on their number
    "formats": ",".join(FORMATS),
}
SECONDS = 90.0


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for converted models: converting and compiling take seconds."""
    return tmp_path_factory.mktemp("models")


def drop(runner: Living, case: str, stem: str) -> None:
    """Drop the recording with the case's options beside it."""
    if CASES[case].options:
        sidecar = runner.spool / f"inbox/{stem}.wav.json"
        sidecar.write_text(json.dumps(CASES[case].options))
    runner.drop(f"{stem}.wav", whisper_command.spoken().read_bytes())


def compare(runner: Living, case: str, stem: str) -> None:
    """Assert that the transcript is the command's."""
    runner.delivered(*(f"{stem}.{form}" for form in FORMATS), seconds=SECONDS)
    outbox = runner.spool / "outbox"
    job = whisper_command.compare(
        case, {form: (outbox / f"{stem}.{form}").read_bytes() for form in FORMATS}
    )
    assert CASES[case].options.items() <= job["options"].items()
    assert (job["source_name"], job["warnings"]) == (f"{stem}.wav", [])


def hows(runner: Living) -> list[str]:
    """How the workers that had an order began, in order."""
    return re.findall(r"event=started .* how=(\S+)", runner.log.read_text())


def test_two_at_a_time_are_the_command_s_own_bytes(tmp_path: Path, model_dir: Path) -> None:
    """Six jobs on two slots must each give what the command gives, sampled windows included."""
    with living(tmp_path / "spool", slots=2, model_dir=model_dir, **REAL) as runner:
        for number in (1, 2):
            for case in CASES:
                drop(runner, case, f"{case}-{number}")
        both = wait_for("two at work", lambda: len(runner.jobs("active")) == 2)
        for number in (1, 2):
            for case in CASES:
                compare(runner, case, f"{case}-{number}")
    assert both
    assert hows(runner) == ["fork"] * 6


def test_spawned_and_standby_workers_give_the_same(tmp_path: Path, model_dir: Path) -> None:
    """A worker that was not forked must give the same, whether it begins cold or is waiting."""
    settings = {"start_method": "spawn", "standby": 1, "slots": 1, "model_dir": model_dir}
    with living(tmp_path / "spool", **REAL, **settings) as runner:
        for case in CASES:
            drop(runner, case, case)
            compare(runner, case, case)
    assert hows(runner) == ["spawn", "standby", "standby"]
