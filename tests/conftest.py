"""What holds for the whole run: tests leave nobody behind."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

PATIENCE_SECONDS = 10.0


def _left(place: Path) -> dict[int, str]:
    """Processes that were started for something below ``place``, by number."""
    found = {}
    for home in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (home / "cmdline").read_bytes()
            seen = words + (home / "environ").read_bytes()
            if os.fsencode(place) in seen and home.name != str(os.getpid()):
                found[int(home.name)] = words.replace(b"\0", b" ").decode(errors="replace")[:300]
    return found


@pytest.fixture(scope="session", autouse=True)
def nobody_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """When the last test is over, no process that a test started may live."""
    yield
    place = tmp_path_factory.getbasetemp()
    end = time.monotonic() + PATIENCE_SECONDS
    while _left(place) and time.monotonic() < end:
        time.sleep(0.1)
    assert _left(place) == {}
