"""Looking without following, and without blocking."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.durable import open_below
from runner.inbox import examine
from runner.inbox.look import folder_of, open_file, writable
from tests import needs
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import WAV, Eye, names, troubles


def test_no_component_may_be_a_link(tmp_path: Path) -> None:
    """A link as last or middle component must be an error, never another place."""
    (tmp_path / "real/inner").mkdir(parents=True)
    (tmp_path / "real/talk.wav").write_bytes(WAV)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "alias.wav").symlink_to("real/talk.wav")
    for folder in ("link", "link/inner", "real/talk.wav", "absent"):
        with pytest.raises(OSError, match=r"Not a directory|symbolic links|No such file"):
            open_below(tmp_path, folder)
    with folder_of(tmp_path, "alias.wav") as (folder_fd, name):  # noqa: SIM117 - the inner fails
        with pytest.raises(OSError, match="symbolic links"), open_file(name, folder_fd):
            pass


def test_the_root_itself_may_be_reached_through_links(tmp_path: Path) -> None:
    """The operator may link the spool to wherever it lies."""
    (tmp_path / "real/a").mkdir(parents=True)
    (tmp_path / "spool").symlink_to("real")
    descriptor = open_below(tmp_path / "spool", "a")
    assert writable(descriptor)
    os.close(descriptor)


def test_a_pipe_is_opened_without_waiting(tmp_path: Path) -> None:
    """Should a pipe take a file's place, opening it must not hang the daemon."""
    os.mkfifo(tmp_path / "pipe")
    with open_file(os.fspath(tmp_path / "pipe")) as fd:
        assert not os.get_inheritable(fd)


def test_descriptors_are_closed_after_failures(tmp_path: Path) -> None:
    """A path that ends nowhere must leave nothing open."""
    (tmp_path / "a/b").mkdir(parents=True)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(FileNotFoundError):
            open_below(tmp_path, "a/b/c/d")
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_file_that_changes_while_it_is_opened(eye: Eye, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is open must be what was seen unchanged: a write in between begins the wait anew."""
    path = eye.drop("talk.wav")
    eye.look()

    @contextmanager
    def late(name: str, folder: int | None = None) -> Iterator[int]:
        with path.open("ab") as writer:
            writer.write(b"more")
        with open_file(name, folder) as fd:
            yield fd

    with monkeypatch.context() as patch:
        patch.setattr(examine, "open_file", late)
        assert names(eye.look(later=2)) == []
    assert names(eye.look(later=1)) == []
    assert names(eye.look(later=1)) == ["talk.wav"]


def test_a_file_that_vanishes_is_forgotten_by_the_next_walk(eye: Eye) -> None:
    """What disappears before its turn must not be counted for ever."""
    path, other = eye.drop("a/talk.wav"), eye.drop("stays.wav")
    assert eye.look().waiting_total == 2
    path.unlink()
    assert [waiting.name for waiting in eye.look(later=1).waiting] == [other.name]


@needs.root()
def test_another_file_system_inside_the_inbox_is_listed(make_eye: MakeEye) -> None:
    """A mounted folder must be listed once: a claim can't take files out of it."""
    eye = make_eye()
    place = eye.inbox / "mounted"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", os.fspath(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        (place / "talk.wav").write_bytes(WAV)
        scan = eye.settled()
        assert (scan.ready, list(troubles(scan))) == ((), ["mounted"])
        eye.scanner.hint(place / "talk.wav", renamed_in=True)
        assert names(eye.look()) == []
        assert "another file system" in troubles(eye.look())["mounted/talk.wav"]
    finally:
        subprocess.run(["umount", place], check=True)
