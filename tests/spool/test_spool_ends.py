"""Only a valid END is believed: the ways in which one can lie."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import spool
from runner.job.end import MAX_END_BYTES, EndRecord
from runner.job.errors import DamagedRecord
from tests.spool.world import World


def test_a_valid_end_is_returned(world: World) -> None:
    """What the worker wrote must be what the verdict reads."""
    held = world.claim()
    world.begin(held)
    end = world.work(held)
    assert spool.valid_end(held, 1) == end


def longer(home: Path) -> None:
    """The rendering has another size."""
    (home / "rendering.srt").write_text("much longer than before, and by far")


def other(home: Path) -> None:
    """The rendering has the size, not the content."""
    path = home / "rendering.srt"
    path.write_bytes(path.read_bytes()[::-1])


def missing(home: Path) -> None:
    """The rendering is not there."""
    (home / "rendering.json").unlink()


def linked(home: Path) -> None:
    """The rendering is a symbolic link to the right content."""
    (home / "rendering.srt").rename(home / "real")
    (home / "rendering.srt").symlink_to("real")


def doubled(home: Path) -> None:
    """The rendering is a hard link: somebody else could change it later."""
    os.link(home / "rendering.srt", home / "another")


def piped(home: Path) -> None:
    """The rendering is a pipe that would make us wait."""
    (home / "rendering.srt").unlink()
    os.mkfifo(home / "rendering.srt")


def cut_off(home: Path) -> None:
    """END was not written to its end."""
    path = home / "result.json"
    path.write_bytes(path.read_bytes()[:-20])


def absent(home: Path) -> None:
    """There is no END."""
    (home / "result.json").unlink()


def endless(home: Path) -> None:
    """END is longer than anything we would read."""
    (home / "result.json").write_bytes(b" " * (MAX_END_BYTES + 1))


def end_linked(home: Path) -> None:
    """END is a symbolic link."""
    (home / "result.json").rename(home / "real")
    (home / "result.json").symlink_to("real")


def end_piped(home: Path) -> None:
    """END is a pipe."""
    (home / "result.json").unlink()
    os.mkfifo(home / "result.json")


def foreign(home: Path) -> None:
    """END is that of another job."""
    path = home / "result.json"
    path.write_text(path.read_text().replace('"attempt": 1', '"attempt": 2'))


def escaping(home: Path) -> None:
    """A rendering's file points outside of the attempt."""
    path = home / "result.json"
    path.write_text(path.read_text().replace('"rendering.srt"', '"../source"'))


def replaced_folder(home: Path) -> None:
    """The attempt's folder is a link to a folder with the right content."""
    home.rename(home.with_name("real"))
    home.symlink_to("real")


LIES: list[Callable[[Path], None]] = [
    longer, other, missing, linked, doubled, piped, cut_off, absent, endless, end_linked,
    end_piped, foreign, escaping, replaced_folder,
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_not_believed(world: World, lie: Callable[[Path], None]) -> None:
    """Each must be refused with a reason, without waiting and without an exception."""
    held = world.finished()
    lie(held.attempt_dir(1))
    reason = spool.valid_end(held, 1)
    assert isinstance(reason, str)
    assert reason


def test_an_end_that_names_a_format_twice_is_none(world: World) -> None:
    """One name, one rendering."""
    held = world.claim()
    world.begin(held)
    end = world.work(held)
    twice = end.model_dump() | {"renderings": [end.renderings[0].model_dump()] * 2}
    (held.attempt_dir(1) / "result.json").write_text(json.dumps(twice))
    assert isinstance(spool.valid_end(held, 1), str)


def test_an_end_of_a_newer_worker_may_say_more() -> None:
    """Unknown keys are ignored; another version is not."""
    raw = b'{"job": "j", "attempt": 1, "later": 1, "renderings": [{"format": "srt", "file": '
    raw += b'"rendering.srt", "size": 1, "sha256": "' + b"0" * 64 + b'"}]'
    assert EndRecord.from_json(raw + b"}").attempt == 1
    with pytest.raises(DamagedRecord, match="version 2"):
        EndRecord.from_json(raw + b', "version": 2}')
