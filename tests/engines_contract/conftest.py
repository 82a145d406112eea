"""One model folder for all tests of a run: converting and compiling take seconds."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.media.sounds import write_wav

from runner import media
from runner.models.locate import DEMO_FILE

CLIPS = DEMO_FILE.parent / "clips"


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for converted models."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def hello() -> NDArray[np.float32]:
    """A few seconds of the demo's speech."""
    return media.decode(CLIPS / "hello.wav", max_seconds=60).samples


@pytest.fixture(scope="session")
def spoken_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 kHz wav of two windows: the demo's clips one after the other."""
    clips = [media.decode(path, max_seconds=60).samples for path in sorted(CLIPS.iterdir())]
    sound = np.concatenate([*clips, *clips])[: 34 * 16000]
    return write_wav(tmp_path_factory.mktemp("wav") / "talk.wav", (sound * 32768).astype(np.int16))


@pytest.fixture(scope="session")
def clip() -> Path:
    """A short recording of the demo's speech."""
    return CLIPS / "hello.wav"
