"""The spool's folders, its small files in run/, its locks, and the views on it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runner import spool
from runner.durable import calls
from runner.job.errors import SpoolError
from runner.job.states import State
from tests.spool.world import NOW, World

MODES = {
    "inbox": 0o3770, "outbox": 0o2770, "staging": 0o3770, "active": 0o700, "deferred": 0o700,
    "done": 0o700, "failed": 0o700, "run": 0o755, "run/public": 0o755,
}  # fmt: skip


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folders_are_made_with_the_modes_of_the_plan(tmp_path: Path, umask: int) -> None:
    """Whatever the umask, and also when the parent is missing."""
    old = os.umask(umask)
    try:
        spool.prepare(spool.Layout(tmp_path / "new" / "spool"))
    finally:
        os.umask(old)
    for name, mode in MODES.items():
        assert stat.S_IMODE((tmp_path / "new" / "spool" / name).stat().st_mode) == mode, name


def test_folders_that_are_there_keep_their_modes(tmp_path: Path) -> None:
    """The operator's choice stands; a second start changes nothing and leaves no probe."""
    layout = spool.Layout(tmp_path)
    layout.inbox.mkdir()
    layout.inbox.chmod(0o777)
    for _ in range(2):
        spool.prepare(layout)
    assert stat.S_IMODE(layout.inbox.stat().st_mode) == 0o777
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_two_filesystems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence must name both folders and the cure; the probe is taken away."""
    layout = spool.Layout(tmp_path)
    real = calls.rename

    def rename(src: Path, dst: Path, **more: int) -> None:
        if "outbox" in str(dst):
            raise OSError(18, "Invalid cross-device link")
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename", rename)
    with pytest.raises(SpoolError, match=r"failed to .*outbox.*one filesystem") as caught:
        spool.prepare(layout)
    assert caught.value.errno == 18
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    """The sentence must name it."""
    (tmp_path / "outbox").touch()
    with pytest.raises(SpoolError, match=r"outbox: can't be made \(Not a directory"):
        spool.prepare(spool.Layout(tmp_path))


def test_the_inbox_lets_us_into_what_is_made_in_it(world: World) -> None:
    """Under umask 022 a folder in the inbox must still be writable for the group and us."""
    try:
        os.getxattr(world.layout.inbox, "system.posix_acl_default")
    except OSError:
        pytest.skip("this file system has no ACLs")
    old = os.umask(0o022)
    try:
        (world.layout.inbox / "folder").mkdir()
        world.drop("talk.mp3", folder="folder")
    finally:
        os.umask(old)
    assert stat.S_IMODE((world.layout.inbox / "folder").stat().st_mode) & 0o777 == 0o770
    mode = (world.layout.inbox / "folder" / "talk.mp3").stat().st_mode
    assert stat.S_IMODE(mode) == 0o660


def test_the_reserve_is_kept_and_given(world: World) -> None:
    """It has its size on the device, is made anew, and can be released twice."""
    layout = world.layout
    spool.ensure_reserve(layout, 65536)
    facts = (layout.run / "reserve").stat()
    assert facts.st_size == 65536
    assert facts.st_blocks * 512 >= 65536
    spool.ensure_reserve(layout, 65536)
    assert (layout.run / "reserve").stat().st_ino == facts.st_ino
    assert spool.release_reserve(layout)
    assert not spool.release_reserve(layout)
    spool.ensure_reserve(layout, 4096)
    assert (layout.run / "reserve").stat().st_size == 4096


def test_a_reserve_that_finds_no_room_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk must be an error with its errno, and leave no half reserve."""

    def full(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(calls, "write", full)
    with pytest.raises(SpoolError) as caught:
        spool.ensure_reserve(world.layout, 65536)
    assert caught.value.errno == 28
    assert [p.name for p in world.layout.run.iterdir()] == ["public"]


def test_pause_and_the_doubt_about_the_clock_are_switches(world: World) -> None:
    """Each survives a restart, because it is a file; the answer says whether it changed."""
    layout = world.layout
    assert not spool.paused(layout)
    assert spool.set_paused(layout, True)  # noqa: FBT003
    assert not spool.set_paused(layout, True)  # noqa: FBT003
    assert spool.paused(layout)
    assert spool.set_paused(layout, False)  # noqa: FBT003
    assert not spool.set_paused(layout, False)  # noqa: FBT003
    assert spool.doubt_clock(layout)
    assert spool.clock_doubted(layout)
    assert spool.confirm_clock(layout)
    assert not spool.clock_doubted(layout)


def test_a_runner_has_its_name_alone(world: World) -> None:
    """The second of a name is refused until the first has gone; another name is free."""
    layout = world.layout
    first = spool.RunnerLock.acquire(layout, "one")
    assert first
    assert spool.RunnerLock.acquire(layout, "one") is None
    second = spool.RunnerLock.acquire(layout, "two")
    assert second
    assert spool.runners(layout) == ["one", "two"]
    assert spool.runner_alive(layout, "one")
    first.close()
    assert not spool.runner_alive(layout, "one")
    assert not spool.runner_alive(layout, "never")
    assert not spool.runner_alive(layout, "")
    second.close()


def test_a_dead_runner_frees_its_name(world: World) -> None:
    """The kernel gives the lock back, however the process died."""
    script = (
        "import sys, pathlib; from runner import spool;"
        "lock = spool.RunnerLock.acquire(spool.Layout(pathlib.Path(sys.argv[1])), 'one');"
        "print(bool(lock), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(world.layout.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == b"True\n"
    assert spool.runner_alive(world.layout, "one")
    process.kill()
    process.communicate()
    assert not spool.runner_alive(world.layout, "one")


def test_there_is_one_leader(world: World) -> None:
    """Only one runner merges, prunes and sweeps."""
    leader = spool.RunnerLock.lead(world.layout)
    assert leader
    assert spool.RunnerLock.lead(world.layout) is None
    leader.close()
    leader.close()
    again = spool.RunnerLock.lead(world.layout)
    assert again
    again.close()


def test_jobs_are_found_by_id_prefix_and_upload(world: World) -> None:
    """A person may give any of the names a job has; a form has several jobs."""
    ids = []
    for number in (1, 2):
        path = world.drop(f"{number}.mp3")
        upload = {"upload_id": "e" * 32, "upload": f"{'e' * 32}/{number}"}
        ids.append(world.try_claim(world.entry(path, **upload)).id)
    layout, here = world.layout, State.ACTIVE
    assert spool.find(layout, ids[0]) == [(here, ids[0])]
    assert spool.find(layout, ids[0][:6]) == [(here, job) for job in ids]
    assert spool.find(layout, ids[0][:6].upper()) == [(here, job) for job in ids]
    assert spool.find(layout, "e" * 32) == [(here, job) for job in ids]
    assert spool.find(layout, f"{'e' * 32}/2") == [(here, ids[1])]
    assert spool.find(layout, "zzzz") == []
    assert spool.find(layout, "") == []
    assert spool.where(layout, ids[0]) is here


def test_counts_and_lists_see_jobs_only(world: World) -> None:
    """Strange names in our folders are no jobs."""
    (world.layout.active / "lost+found").mkdir()
    held = world.claim()
    spool.publish(world.finished("b.mp3"), world.law, now=NOW)
    assert spool.list_ids(world.layout, State.ACTIVE) == [held.id]
    assert spool.counts(world.layout) == {"active": 1, "deferred": 0, "done": 1, "failed": 0}
    assert spool.read(world.layout, State.DONE, held.id) is None
