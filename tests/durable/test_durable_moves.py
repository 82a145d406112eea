"""Moves that never replace, with and without the kernel's help."""

import errno
import os
from pathlib import Path

import pytest

from runner import durable
from runner.durable import calls

HOWS = pytest.mark.parametrize("how", list(durable.How))


@HOWS
def test_a_move_never_replaces(tmp_path: Path, how: durable.How) -> None:
    """A name that is taken must stay what it is, and the file where it is."""
    (tmp_path / "ours").write_text("ours")
    (tmp_path / "theirs").write_text("theirs")
    with pytest.raises(FileExistsError):
        durable.move(tmp_path / "ours", tmp_path / "theirs", how=how)
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert (tmp_path / "ours").read_text() == "ours"


@HOWS
def test_a_move_into_an_open_folder(tmp_path: Path, how: durable.How) -> None:
    """The target may be named relative to a descriptor; afterwards there is one name."""
    (tmp_path / "ours").write_text("ours")
    (tmp_path / "folder").mkdir()
    fd = durable.open_dir(tmp_path / "folder")
    assert durable.move(tmp_path / "ours", "there", how=how, dst_dir_fd=fd) is how
    os.close(fd)
    assert (tmp_path / "folder" / "there").read_text() == "ours"
    assert (tmp_path / "folder" / "there").stat().st_nlink == 1
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("code", sorted(durable.NO_NATIVE))
def test_without_the_call_links_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Where the file system has no such rename the move must say that it linked."""

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(calls, "rename_noreplace", refuse)
    (tmp_path / "ours").write_text("ours")
    assert durable.move(tmp_path / "ours", tmp_path / "there") is durable.How.LINK
    with pytest.raises(OSError, match=os.strerror(code)):
        durable.move(tmp_path / "there", tmp_path / "else", how=durable.How.RENAME)


def test_a_move_stopped_between_link_and_unlink_is_finished(tmp_path: Path) -> None:
    """Two names of one inode are a move that was cut off, not a clash."""
    (tmp_path / "ours").write_text("ours")
    os.link(tmp_path / "ours", tmp_path / "there")
    durable.move(tmp_path / "ours", tmp_path / "there", how=durable.How.LINK)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_link_is_moved_not_followed(tmp_path: Path) -> None:
    """A symbolic link is moved as the link it is."""
    (tmp_path / "target").write_text("secret")
    for how in durable.How:
        (tmp_path / "link").symlink_to("target")
        durable.move(tmp_path / "link", tmp_path / f"moved-{how}", how=how)
        assert (tmp_path / f"moved-{how}").is_symlink()


def test_names_that_are_not_utf8_survive(tmp_path: Path) -> None:
    """The bytes of a name must reach the kernel as they are."""
    name = os.fsdecode(b"caf\xe9.srt")
    (tmp_path / "ours").touch()
    durable.move(tmp_path / "ours", tmp_path / name)
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [b"caf\xe9.srt"]


def test_a_rename_syncs_the_target_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the rename, the folder that gained the name is on the device."""
    synced: list[int] = []
    monkeypatch.setattr(calls, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    (tmp_path / "a").mkdir()
    (tmp_path / "job").mkdir()
    durable.rename(tmp_path / "job", tmp_path / "a" / "job")
    assert synced == [(tmp_path / "a").stat().st_ino]


def test_make_dir_says_whether_it_made_it(tmp_path: Path) -> None:
    """An existing folder is left as it is."""
    assert durable.make_dir(tmp_path / "new", 0o700)
    (tmp_path / "new").chmod(0o755)
    assert not durable.make_dir(tmp_path / "new", 0o700)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o755


def test_other_errors_are_not_taken_for_a_missing_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk must not make the move try links."""

    def full(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(calls, "rename_noreplace", full)
    (tmp_path / "ours").touch()
    with pytest.raises(OSError, match="space"):
        durable.move(tmp_path / "ours", tmp_path / "there")
    assert not (tmp_path / "there").exists()
