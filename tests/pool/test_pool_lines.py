"""What connects the daemon with a child: let go of once, and the true fault is told."""

import os
import sys
from pathlib import Path

import pytest

from runner.job.outcomes import OutcomeKind
from runner.pool import Lost, lines
from runner.pool.lines import Ears, connect
from runner.pool.output import Output
from tests.pool.shift import out_of_descriptors, shift


@pytest.fixture
def closings(monkeypatch: pytest.MonkeyPatch) -> list[OSError]:
    """Return the failures of ``os.close``: each is a descriptor that was closed twice."""
    failures: list[OSError] = []
    close = os.close

    def watched(fd: int) -> None:
        try:
            close(fd)
        except OSError as error:
            failures.append(error)
            raise

    monkeypatch.setattr(os, "close", watched)
    return failures


def descriptors() -> set[Path]:
    """The descriptors that are open."""
    return set(Path("/dev/fd").iterdir())


def test_a_failed_start_lets_go_once(closings: list[OSError]) -> None:
    """What goes wrong in the block must come out of it, and each descriptor be closed once."""
    before = descriptors()
    with Ears() as ears:
        with pytest.raises(PermissionError), connect(ears):
            raise PermissionError
        assert not ears.get_map()
    assert closings == []
    assert descriptors() == before


@pytest.mark.parametrize("step", ["pipe", "listen", "listen to the second"])
def test_a_failed_connect_lets_go_once(
    closings: list[OSError], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever descriptors run out, none may be lost, closed twice, or still listened to."""
    before = descriptors()
    with Ears() as ears, monkeypatch.context() as patch:
        if step == "pipe":
            patch.setattr(os, "pipe", out_of_descriptors)
        else:
            listen = lines.Lines.listen
            left = iter([True] if step == "listen to the second" else [])

            def failing(self: lines.Lines, fd: int | None) -> None:
                (listen if next(left, False) else out_of_descriptors)(self, fd)

            patch.setattr(lines.Lines, "listen", failing)
        with pytest.raises(OSError, match="Too many open files"), connect(ears):
            pass
        assert not ears.get_map()
    assert closings == []
    assert descriptors() == before


def test_a_second_close_harms_nobody() -> None:
    """Who has got the number since must keep it."""
    reading, writing = os.pipe()
    output = Output(reading)
    output.close()
    os.dup2(writing, reading)
    try:
        output.close()
        os.fstat(reading)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_start_that_is_forbidden_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Who may not run the interpreter must be told that, and which one it is."""
    forbidden = tmp_path / "python"
    forbidden.touch(0o600)
    with shift(tmp_path, start_method=method) as work:
        work.until("its place", lambda: work.pool.placement)
        monkeypatch.setattr(sys, "executable", str(forbidden))
        ref = work.pool.request()
        work.until("its loss", lambda: work.told(ref, Lost))
        lost = work.told(ref, Lost)
        assert lost
        assert lost.outcome.kind is OutcomeKind.ENGINE_FAILED
        assert lost.outcome.reason == f"no worker can be started: Permission denied: {forbidden}"
