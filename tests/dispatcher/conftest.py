"""Fixtures of the dispatcher's tests."""

from pathlib import Path

import pytest

from runner import spool
from tests.spool.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a prepared spool."""
    layout = spool.Layout(tmp_path / "spool")
    spool.prepare(layout)
    return World(layout)
