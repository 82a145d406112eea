"""Fixtures of the spool's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import spool
from runner.durable import calls
from tests.spool.world import World


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fsync cost nothing: these tests ask about order and names, not about the device."""
    monkeypatch.setattr(calls, "fsync", lambda _fd: None)


@pytest.fixture
def world(tmp_path: Path, quick: None) -> Iterator[World]:  # noqa: ARG001 - for its effect
    """Return a prepared spool on a real file system."""
    layout = spool.Layout(tmp_path / "spool")
    spool.prepare(layout)
    made = World(layout)
    yield made
    made.close()
