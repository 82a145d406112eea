"""Leases: who has a job, and what happens to them in renames, children and deaths."""

import os
from pathlib import Path

import pytest

from runner import spool
from runner.job.record import Reason
from runner.job.states import State
from runner.spool.lease import is_at, lock
from tests.spool.world import NOW, World, child_with


def test_a_lease_survives_every_rename(world: World) -> None:
    """The lock is on the directory itself: it goes where the job goes."""
    held = world.claim()
    spool.defer(held, delay=0, now=NOW)
    assert spool.take(world.layout, State.DEFERRED, held.id) is spool.BUSY
    held.close()
    free = spool.readmit(world.layout, held.id)
    assert isinstance(free, spool.Held)
    spool.bury(free, Reason(code="x", text="x"), world.law, now=NOW)
    assert spool.take(world.layout, State.FAILED, held.id) is spool.BUSY
    free.close()


def test_closing_leaves_the_lease_to_who_inherited_it(world: World) -> None:
    """A worker must keep the lease when the daemon lets go of it, until it dies."""
    held = world.claim()
    process = child_with(held.fd)
    try:
        held.close()
        assert spool.take(world.layout, State.ACTIVE, held.id) is spool.BUSY
    finally:
        process.communicate()
    assert isinstance(world.take(State.ACTIVE, held.id), spool.Held)


def test_a_job_that_is_elsewhere_is_gone(world: World) -> None:
    """Not in that state is a value."""
    held = world.claim()
    assert spool.take(world.layout, State.DONE, held.id) is spool.GONE
    assert spool.readmit(world.layout, held.id) is spool.GONE


def test_a_job_that_moves_between_open_and_lock_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock on a directory that was moved away meanwhile is worth nothing."""
    held = world.claim()
    held.close()

    def late(fd: int) -> bool:
        held.path.rename(world.layout.job_dir(State.DONE, held.id))
        return lock(fd)

    monkeypatch.setattr("runner.spool.lease.lock", late)
    assert spool.take(world.layout, State.ACTIVE, held.id) is spool.GONE


def test_the_directory_that_was_locked_must_still_be_the_job(world: World) -> None:
    """Another directory under the name is another job."""
    held = world.claim()
    held.close()
    fd = os.open(held.path, os.O_RDONLY)
    try:
        held.path.rename(held.path.with_name("elsewhere"))
        held.path.mkdir()
        assert lock(fd)
        assert not is_at(fd, held.path)
    finally:
        os.close(fd)


def test_a_damaged_record_is_kept_and_named(world: World) -> None:
    """A record that does not parse must stop nothing and lose nothing."""
    held = world.claim()
    held.close()
    (held.path / "job.json").write_text('{"version": 1, "id"')
    got = spool.take(world.layout, State.ACTIVE, held.id)
    assert isinstance(got, spool.Damaged)
    assert "job.json" in got.sentence
    assert held.source.exists()
    again = spool.take(world.layout, State.ACTIVE, held.id)
    assert isinstance(again, spool.Damaged), "a damaged job must not stay locked"


def test_a_record_of_another_job_is_damage(world: World) -> None:
    """A directory that was copied by hand must not act for the original."""
    one, two = world.claim("a.mp3"), world.claim("b.mp3")
    one.close()
    (one.path / "job.json").write_bytes((two.path / "job.json").read_bytes())
    assert isinstance(spool.take(world.layout, State.ACTIVE, one.id), spool.Damaged)


def test_a_failed_take_leaks_no_descriptor(world: World) -> None:
    """Busy, gone and damaged must not cost a descriptor each."""
    held = world.claim()
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        spool.take(world.layout, State.ACTIVE, held.id)
        spool.take(world.layout, State.DONE, held.id)
    assert len(list(Path("/dev/fd").iterdir())) == before
