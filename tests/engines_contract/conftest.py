"""One model folder for all tests of a run: converting and compiling take seconds."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from runner import media
from tests.engines_contract.whisper_command import CLIPS


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for converted models."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def hello() -> NDArray[np.float32]:
    """A few seconds of the demo's speech."""
    return media.decode(CLIPS / "hello.wav", max_seconds=60).samples


@pytest.fixture(scope="session")
def clip() -> Path:
    """A short recording of the demo's speech."""
    return CLIPS / "hello.wav"
