"""Every pool of a test takes its processes along."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.living import wait_for
from tests.e2e.marked import children


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    """After each test this process must have no more children than before."""
    before = set(children(os.getpid()))
    yield
    wait_for("no child", lambda: set(children(os.getpid())) <= before, 5)
