"""A spool whose disk is full: nothing is lost, nobody is charged, and it goes on by itself."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.e2e.living import Living, running, silence, wait_for

SIZE_KIB = 2048
FILLING = "ballast"

pytestmark = [needs.root(), needs.program("mount")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, with the folder for a spool."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KIB}k", "tmpfs", place], check=False
    )
    if mounted.returncode:
        needs.refuse("needs to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path) -> None:
    """Leave not one page free."""
    with (disk / FILLING).open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


@contextmanager
def crowded(disk: Path, **settings: object) -> Iterator[Living]:
    """A runner on the small disk, with a reserve to match."""
    more = {"reserve_bytes": 65536, "formats": "txt", "slots": 1} | settings
    runner = Living(disk / "spool", **more)
    runner.log = disk.parent / "runner.log"
    with running(runner):
        yield runner


def braked(runner: Living) -> bool:
    """Whether it says that it can't write."""
    return any("space" in reason for reason in runner.status().get("reasons", ()))


def test_a_disk_that_is_full_at_the_drop(small_disk: Path) -> None:
    """With no page free a file must stay in the inbox, and be done once there is room."""
    with crowded(small_disk) as runner:
        assert runner.process
        (small_disk / "spool/inbox/.talk.part").write_bytes(silence())
        fill(small_disk)
        (small_disk / "spool/inbox/.talk.part").rename(small_disk / "spool/inbox/talk.wav")
        # The status file can't be written either: what is asked is that nothing moves or ends.
        wait_for("a brake", lambda: "event=braked by=spool" in runner.log.read_text())
        assert runner.process.poll() is None
        assert (small_disk / "spool/inbox/talk.wav").exists()
        (small_disk / FILLING).unlink()
        runner.delivered("talk.txt")
        wait_for("done", lambda: runner.jobs("done"))
        assert len(runner.record("done")["attempts"]) == 1
        wait_for("an end of the brake", lambda: "reasons" not in runner.status())


def test_a_disk_that_fills_while_a_job_runs(small_disk: Path) -> None:
    """A result that finds no room must cost no attempt, and come out once there is room."""
    with crowded(small_disk, engine="tests.engines.slow") as runner:
        assert runner.process
        runner.drop_slow("talk.wav", 1)
        runner.working()
        fill(small_disk)
        wait_for("a brake", lambda: "event=braked by=spool" in runner.log.read_text())
        assert runner.process.poll() is None
        assert runner.outputs() == set()
        (small_disk / FILLING).unlink()
        runner.delivered("talk.txt")
        wait_for("done", lambda: runner.jobs("done"))
        charged = [a.get("charged", True) for a in runner.record("done")["attempts"]]
        assert charged.count(True) == 1


def test_too_little_free_space_pauses_intake(small_disk: Path) -> None:
    """Below ``min_free_bytes`` nothing may be claimed, health must be red, and end by itself."""
    half = SIZE_KIB * 512
    with crowded(small_disk, min_free_bytes=half) as runner:
        ballast = small_disk / FILLING
        ballast.write_bytes(os.urandom(half))
        wait_for("a red status", lambda: runner.status().get("state") == "braked")
        assert any("min_free_bytes" in reason for reason in runner.status()["reasons"])
        dropped = runner.drop("talk.wav")
        beat = runner.status()["heartbeat"]
        wait_for("two more heartbeats", lambda: runner.status().get("heartbeat", 0) > beat + 1)
        assert dropped.exists()
        ballast.unlink()
        runner.delivered("talk.txt")
