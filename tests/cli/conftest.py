"""Spools for the command line's tests: one full of life, one that has worked and sleeps."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.typed import House, typed
from tests.e2e.living import WAV


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A runner at work, with one job of every kind. Its tests change nothing."""
    it = House(tmp_path_factory.mktemp("house") / "spool")
    it.start()
    try:
        it.furnish()
        yield it
    finally:
        assert it.stop() == 0


@pytest.fixture(scope="session")
def _worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spool = tmp_path_factory.mktemp("worked") / "spool"
    (spool / "inbox").mkdir(parents=True)
    (spool / "inbox/ok.wav").write_bytes(WAV)
    (spool / "inbox/bad.mp3").write_bytes(b"these are words, not music")
    assert typed("run", "--once", spool=spool).code == 1
    return spool


@pytest.fixture
def quiet(_worked: Path, tmp_path: Path) -> Path:
    """A spool of one's own with a done and a failed job, and no runner at work.

    Made of links: a notice is ours as long as it is the same inode.
    """
    return Path(shutil.copytree(_worked, tmp_path / "spool", copy_function=os.link))


@pytest.fixture
def job(quiet: Path) -> Callable[[str], str]:
    """The id of the only job in one state of ``quiet``."""
    return lambda state: next((quiet / state).iterdir()).name
