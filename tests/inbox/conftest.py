"""Fixtures of the intake's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inbox.eye import Eye

MakeEye = Callable[..., Eye]


@pytest.fixture
def make_eye(tmp_path: Path) -> Iterator[MakeEye]:
    """Make scanners that are closed at the end."""
    made: list[Eye] = []

    def make(**settings: Any) -> Eye:
        made.append(Eye(tmp_path, **settings))
        return made[-1]

    yield make
    for eye in made:
        eye.close()


@pytest.fixture
def eye(make_eye: MakeEye) -> Eye:
    """A scanner without events, with the default settings."""
    return make_eye()


@pytest.fixture
def live(make_eye: MakeEye) -> Eye:
    """A scanner with real events."""
    return make_eye(events=True)
