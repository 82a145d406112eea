"""Claim: what becomes a job, what is a value, what is fatal."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from runner import spool
from runner.durable import calls
from runner.job.errors import SpoolError
from runner.job.record import JobRecord, Reason
from runner.job.states import State
from tests.spool.world import NOW, RUNNER, World


def refusing(monkeypatch: pytest.MonkeyPatch, code: int, *, when: str) -> None:
    """Let renames of a path that ends with ``when`` fail."""
    real = calls.rename

    def rename(src: Any, dst: Any, **more: Any) -> None:
        if os.fspath(src).endswith(when):
            raise OSError(code, os.strerror(code))
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename", rename)


def nothing_left(world: World) -> bool:
    """Return whether a claim that came to nothing left no directory."""
    layout = world.layout
    return not list(layout.active.iterdir()) and not list(layout.staging.iterdir())


def test_a_claim_keeps_the_whole_intent(world: World) -> None:
    """The record on the disk must hold what the intake knew, and the file be the source."""
    path = world.drop("talk.mp3", folder="a/b")
    facts = path.stat()
    entry = world.entry(
        path, options={"language": "en"}, option_sources=("_options.toml",), upload_id="f" * 32,
        expected_sha256="0" * 64, notes=("an m4a",), upload="x/1",
    )  # fmt: skip
    held = world.try_claim(entry)
    record = JobRecord.from_json((held.path / "job.json").read_bytes())
    assert record == held.record
    assert (record.name.text, record.folder.text) == ("talk.mp3", "a/b")
    assert record.options == {"language": "en"}
    assert (record.claimed_at, record.runner) == (NOW, RUNNER)
    assert (record.upload_id, record.upload) == ("f" * 32, "x/1")
    assert (record.inode, record.size) == (facts.st_ino, facts.st_size)
    assert held.source.stat().st_ino == facts.st_ino
    assert not path.exists()
    assert path.parent.is_dir()


def test_a_claimed_job_is_leased(world: World) -> None:
    """From the first moment in active/ the job's directory must be locked and private."""
    held = world.claim()
    assert spool.take(world.layout, State.ACTIVE, held.id) is spool.BUSY
    assert held.path.stat().st_mode & 0o7777 == 0o700
    assert not os.get_inheritable(held.fd)


def test_a_file_called_like_our_own_is_only_data(world: World) -> None:
    """A dropped ``job.json`` must not touch the record."""
    held = world.claim("job.json", "{}")
    assert held.record.name.text == "job.json"
    assert held.source.read_text() == "{}"


@pytest.mark.parametrize(
    "name",
    ["talk\n.mp3", "-rf", "%s", "\u00e9.mp3", "e\u0301.mp3", "x" * 251 + ".wav", "\u202egpj.mp3",
     os.fsdecode(b"caf\xe9.mp3"), "\uac15\uc758.m4a", "concat:a|b"],
)  # fmt: skip
def test_odd_names_are_kept_as_data(world: World, name: str) -> None:
    """Any name a file system allows must survive the round through the record."""
    held = world.claim(name)
    read = spool.read(world.layout, State.ACTIVE, held.id)
    assert isinstance(read, JobRecord)
    assert read.name.on_disk() == name


def test_a_file_that_has_gone_is_a_lost_race(world: World) -> None:
    """Somebody was faster: a value, and nothing stays behind."""
    path = world.drop()
    entry = world.entry(path)
    path.unlink()
    assert isinstance(world.try_claim(entry), spool.LostRace)
    assert nothing_left(world)


def test_a_file_that_goes_in_the_last_moment_is_a_lost_race(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOENT of the claim's own rename must be a value as well."""
    refusing(monkeypatch, errno.ENOENT, when="talk.mp3")
    assert isinstance(world.try_claim(world.entry(world.drop())), spool.LostRace)
    assert nothing_left(world)


def test_a_file_that_changed_since_the_test_is_looked_at_again(world: World) -> None:
    """What is claimed must be what was tested."""
    path = world.drop()
    entry = world.entry(path)
    path.write_text("sounds longer")
    assert isinstance(world.try_claim(entry), spool.LostRace)
    assert path.read_text() == "sounds longer"
    assert nothing_left(world)


@pytest.mark.parametrize(
    "code",
    [errno.EACCES, errno.EPERM, errno.EXDEV, errno.EBUSY, errno.ENAMETOOLONG, errno.ELOOP,
     errno.ESTALE],
)  # fmt: skip
def test_a_refusal_about_one_file_is_a_value(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The file stays, a sentence and a cure are given, and the daemon lives."""
    refusing(monkeypatch, code, when="talk.mp3")
    path = world.drop()
    got = world.try_claim(world.entry(path))
    assert isinstance(got, spool.Skipped)
    assert got.errno == code
    assert got.sentence
    assert got.cure
    assert path.exists()
    assert nothing_left(world)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EMFILE])
def test_trouble_with_our_own_disk_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A full disk ends the claim with its errno; the file stays; nothing stays behind."""
    path = world.drop()
    entry = world.entry(path)

    def full(*_args: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(calls, "open_write", full)
    with pytest.raises(SpoolError) as caught:
        world.try_claim(entry)
    assert caught.value.errno == code
    assert path.exists()
    assert nothing_left(world)


def test_a_folder_is_never_claimed(world: World) -> None:
    """People's folders stay where they are."""
    (world.layout.inbox / "folder").mkdir()
    got = world.try_claim(world.entry(world.layout.inbox / "folder"))
    assert isinstance(got, spool.Skipped)


def test_a_folder_that_takes_the_name_in_the_last_moment_is_put_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename would take a folder too; it must come back."""
    path = world.drop()
    entry = world.entry(path)
    real = calls.rename

    def swap(src: Any, dst: Any, **more: Any) -> None:
        if os.fspath(src).endswith("talk.mp3"):
            path.unlink()
            path.mkdir()
            (path / "precious").touch()
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename", swap)
    assert isinstance(world.try_claim(entry), spool.Skipped)
    assert (path / "precious").exists()
    assert nothing_left(world)


def test_a_link_and_a_pipe_can_be_claimed_to_be_buried(world: World) -> None:
    """What is refused must be taken as it is: not followed, not waited for."""
    link, pipe = world.layout.inbox / "link.mp3", world.layout.inbox / "pipe.mp3"
    link.symlink_to("/etc/passwd")
    os.mkfifo(pipe)
    for path in (link, pipe):
        held = world.try_claim(world.entry(path))
        assert isinstance(held, spool.Held)
        assert os.path.lexists(held.source)
        spool.bury(held, Reason(code="not_a_file", text="x"), world.law, now=NOW)
        assert not spool.retry(held, now=NOW)


def test_a_sidecar_is_moved_in(world: World) -> None:
    """After the claim the sidecar must lie with the job, not in the inbox."""
    sidecar = world.drop("talk.mp3.toml", "language = 'en'")
    held = world.try_claim(world.entry(world.drop(), sidecar=sidecar))
    assert (held.path / "sidecar.toml").read_text() == "language = 'en'"
    assert list(world.layout.inbox.iterdir()) == []


def test_a_sidecar_of_a_later_recording_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the very sidecar that was read may be moved, also by a later recovery."""
    refusing(monkeypatch, errno.EACCES, when="talk.mp3.toml")
    sidecar = world.drop("talk.mp3.toml", "language = 'en'")
    held = world.try_claim(world.entry(world.drop(), sidecar=sidecar))
    monkeypatch.undo()
    newer = Path(f"{sidecar}.new")
    newer.write_text("language = 'de'")
    newer.rename(sidecar)
    world.recover(held)
    assert sidecar.read_text() == "language = 'de'"


def test_when_the_lease_of_the_build_is_lost_so_is_the_race(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep that took the new directory must not make two owners of it."""
    monkeypatch.setattr("runner.spool.claiming.is_at", lambda *_args: False)
    path = world.drop()
    assert isinstance(world.try_claim(world.entry(path)), spool.LostRace)
    assert path.exists()


def test_a_folder_that_became_a_link_leads_nowhere(world: World, tmp_path: Path) -> None:
    """Swapped for a link after the test, a folder must not let a file outside be taken."""
    outside = tmp_path / "outside"
    outside.mkdir()
    entry = world.entry(world.drop("talk.wav", folder="x"))
    (world.layout.inbox / "x").rename(outside / "x")
    (world.layout.inbox / "x").symlink_to(outside / "x")
    assert isinstance(world.try_claim(entry), spool.LostRace | spool.Skipped)
    assert (outside / "x/talk.wav").read_text() == "sound"
    assert nothing_left(world)


def test_a_file_that_took_the_name_goes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes the name in the very last moment was not looked at: it must stay in the inbox."""
    entry = world.entry(world.drop("talk.wav"))
    real, path = calls.rename, entry.path

    def rename(src: Any, dst: Any, **more: Any) -> None:
        if os.fspath(src) == "talk.wav" and more.get("src_dir_fd") is not None:
            world.drop("other.wav", "another sound").rename(path)
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename", rename)
    assert isinstance(world.try_claim(entry), spool.LostRace)
    assert path.read_text() == "another sound"
    assert nothing_left(world)


def test_a_sidecar_is_not_brought_through_a_link(world: World, tmp_path: Path) -> None:
    """A folder that became a link after the claim must not let a file outside be moved in."""
    sidecar = world.drop("talk.wav.toml", "language = 'en'", folder="x")
    entry = world.entry(world.drop("talk.wav", folder="x"), sidecar=sidecar)
    held = world.try_claim(world.entry(world.drop("talk.wav", folder="x")))
    held.record = held.record.but(
        sidecar=entry.given_sidecar, sidecar_inode=sidecar.lstat().st_ino,
        device=sidecar.lstat().st_dev,
    )  # fmt: skip
    (world.layout.inbox / "x").rename(tmp_path / "x")
    (world.layout.inbox / "x").symlink_to(tmp_path / "x")
    world.recover(held)
    assert (tmp_path / "x/talk.wav.toml").exists()
