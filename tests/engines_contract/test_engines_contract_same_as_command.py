"""The same wav through the ``whisper`` command and through a job: the same bytes."""

from pathlib import Path

import pytest

from runner import engines
from runner.job.wire import Spec
from runner.worker.perform import perform
from tests.engines_contract import whisper_command
from tests.engines_contract.orders import Listener, order_for
from tests.engines_contract.whisper_command import CASES, FORMATS


@pytest.mark.parametrize("case", CASES)
def test_the_bytes_are_those_of_the_command(case: str, model_dir: Path, tmp_path: Path) -> None:
    """All must be identical, json but for ``job``; sampled windows and words included."""
    engine = engines.load("openai-whisper").load("demo", model_dir)
    engine.prepare("cpu", 1)
    folder = tmp_path / "attempt-1"
    order = order_for(whisper_command.spoken(), folder, options=CASES[case].options)
    spec = Spec(engine="openai-whisper", model="demo", model_dir=str(model_dir))
    perform(order, engine=engine, spec=spec, report=Listener())
    ours = {form: (folder / f"rendering.{form}").read_bytes() for form in FORMATS}
    assert whisper_command.compare(case, ours)["id"] == order.job
