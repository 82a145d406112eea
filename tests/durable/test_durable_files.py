"""Files that are whole or absent, whatever the system calls do."""

import errno
import os
import stat
from pathlib import Path

import pytest

from runner import durable
from runner.durable import calls


def failing(code: int) -> object:
    """Return a call that always fails."""

    def call(*_args: object, **_more: object) -> None:
        raise OSError(code, os.strerror(code))

    return call


def test_an_atomic_write_replaces_the_whole_file(tmp_path: Path) -> None:
    """The new content must be there under the name and nothing else beside it."""
    path = tmp_path / "record"
    path.write_text("old")
    durable.write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_mode_is_exact_past_the_umask(tmp_path: Path) -> None:
    """Modes are those asked for, whatever the umask says."""
    old = os.umask(0o077)
    try:
        durable.write_atomic(tmp_path / "file", b"", mode=0o664)
        durable.make_dir(tmp_path / "folder", 0o2770)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o664
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o2770


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A full disk must leave the old content and no temporary file."""
    path = tmp_path / "record"
    path.write_text("old")
    monkeypatch.setattr(calls, call, failing(errno.ENOSPC))
    with pytest.raises(OSError, match="space"):
        durable.write_atomic(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write may take some bytes only; all must arrive."""
    monkeypatch.setattr(calls, "write", lambda fd, data: os.write(fd, data[:3]))
    durable.write_atomic(tmp_path / "record", b"0123456789")
    assert (tmp_path / "record").read_bytes() == b"0123456789"


def test_a_lying_write_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the file is shorter than what was written, nothing is renamed into place."""
    monkeypatch.setattr(calls, "write", lambda fd, data: os.write(fd, data[:-1]) + 1)
    with pytest.raises(OSError, match="wrote 10 bytes, the file has 9"):
        durable.write_atomic(tmp_path / "record", b"0123456789")
    assert list(tmp_path.iterdir()) == []


def test_data_is_synced_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced, then renamed, then its folder is synced."""
    steps: list[str] = []

    def note(fd: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        steps.append("folder" if is_folder else "file")

    def rename(*args: str, **_more: object) -> None:
        steps.append("rename")
        Path(args[0]).replace(args[1])

    monkeypatch.setattr(calls, "fsync", note)
    monkeypatch.setattr(calls, "rename", rename)
    durable.write_atomic(tmp_path / "record", b"new")
    assert steps == ["file", "rename", "folder"]


def test_create_never_touches_what_is_there(tmp_path: Path) -> None:
    """The first one makes it, the second one is told so."""
    assert durable.create(tmp_path / "cancel", b"1")
    assert not durable.create(tmp_path / "cancel", b"2")
    assert (tmp_path / "cancel").read_bytes() == b"1"


def test_create_does_not_write_through_a_link(tmp_path: Path) -> None:
    """A symbolic link under the name, even a broken one, must stop it."""
    (tmp_path / "cancel").symlink_to(tmp_path / "elsewhere")
    assert not durable.create(tmp_path / "cancel", b"1")
    assert not (tmp_path / "elsewhere").exists()


def test_descriptors_are_not_inherited(tmp_path: Path) -> None:
    """What durable opens must not leak into children."""
    fd = calls.open_write(tmp_path / "file", os.O_CREAT, 0o600)
    folder = durable.open_dir(tmp_path)
    try:
        assert not os.get_inheritable(fd)
        assert not os.get_inheritable(folder)
    finally:
        os.close(fd)
        os.close(folder)


def test_leftovers_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary name of a write that was cut off is recognised, others are not."""
    names: list[str] = []
    monkeypatch.setattr(calls, "rename", lambda src, _dst: names.append(Path(src).name))
    durable.write_atomic(tmp_path / "job.json", b"")
    assert durable.is_leftover(names[0])
    assert not any(map(durable.is_leftover, ("job.json", ".hidden", "a.tmp-b")))


def test_sync_takes_paths_and_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both forms must sync the same thing."""
    synced: list[int] = []
    monkeypatch.setattr(calls, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    (tmp_path / "file").touch()
    durable.sync_file(tmp_path / "file")
    durable.sync_dir(tmp_path)
    fd = durable.open_dir(tmp_path)
    durable.sync_dir(fd)
    durable.sync_file(fd)
    os.close(fd)
    folder = tmp_path.stat().st_ino
    assert synced == [(tmp_path / "file").stat().st_ino, folder, folder, folder]


def test_a_hint_never_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``write_hint`` must replace in one step and sync nothing; a heartbeat must not stall work."""
    path = tmp_path / "status.json"
    path.write_bytes(b"old")

    def refuse(_fd: int) -> None:
        pytest.fail("a hint was synced")

    monkeypatch.setattr(calls, "fsync", refuse)
    durable.write_hint(path, b"new", mode=0o644)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]
