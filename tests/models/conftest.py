"""A shop with one model, which whisper's list names for the length of a test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import whisper

from runner.models.locate import DEMO_FILE
from tests.models.shop import Shop, listing, open_shop

BYTES = 3_000_000


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A server of rubbish, called the model ``toy``."""
    with open_shop(os.urandom(BYTES)) as it:
        monkeypatch.setitem(whisper._MODELS, "toy", it.url("toy"))  # noqa: SLF001 - the seam
        yield it


@pytest.fixture
def real_shop() -> Iterator[Shop]:
    """A server of the demo's checkpoint, for programs that also convert and use it."""
    with open_shop(DEMO_FILE.read_bytes()) as it:
        yield it


@pytest.fixture
def site(real_shop: Shop, tmp_path: Path) -> Path:
    """What makes ``toy`` and ``toy2`` official in other programs, if it is on their PYTHONPATH."""
    models = {name: real_shop.url(name) for name in ("toy", "toy2")}
    return listing(tmp_path / "site", models)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A model folder that is not there yet."""
    return tmp_path / "models"
