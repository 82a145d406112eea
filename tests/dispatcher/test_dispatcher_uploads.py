"""Which uploads have their jobs, and what it costs to ask."""

import os

import pytest

from runner import spool
from runner.dispatcher.uploads import Uploads
from runner.job.record import JobRecord
from tests.spool.world import NOW, World

FORM = "e" * 32


def claimed(world: World, number: int) -> spool.Held:
    """A part of a form that has its job."""
    path = world.drop(f"{number}.mp3")
    held = world.try_claim(world.entry(path, upload_id=FORM, upload=f"{FORM}/{number}"))
    assert isinstance(held, spool.Held)
    return held


def test_a_part_is_known_wherever_its_job_goes(world: World) -> None:
    """A job must be found in each state, with or without its source, and forgotten when removed."""
    uploads = Uploads(world.layout)
    assert not uploads.known(f"{FORM}/1")
    held = claimed(world, 1)
    assert uploads.known(f"{FORM}/1")
    assert not uploads.known(f"{FORM}/2")
    world.begin(held)
    world.work(held)
    spool.publish(held, world.law, now=NOW)
    held.source.unlink()
    assert uploads.known(f"{FORM}/1")
    spool.remove(held)
    assert not uploads.known(f"{FORM}/1")


def test_an_upload_whose_source_has_not_arrived_is_not_known(world: World) -> None:
    """A claim that was cut off before its rename has taken nothing."""
    held = claimed(world, 1)
    held.source.rename(world.layout.inbox / "1.mp3")
    assert not Uploads(world.layout).known(f"{FORM}/1")


def test_a_record_is_read_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked, each record must be read once, also when a folder has changed."""
    for number in range(20):
        claimed(world, number)
    for state in ("active", "deferred", "done", "failed"):
        os.utime(world.layout.root / state, (1, 1))
    reads: list[str] = []
    lists: list[str] = []
    read, list_ids = spool.read, spool.list_ids

    def counting(layout: spool.Layout, state: spool.State, job: str) -> object:
        reads.append(job)
        return read(layout, state, job)

    def listing(layout: spool.Layout, state: spool.State) -> list[str]:
        lists.append(state.value)
        return list_ids(layout, state)

    monkeypatch.setattr(spool, "read", counting)
    monkeypatch.setattr(spool, "list_ids", listing)
    uploads = Uploads(world.layout)
    assert all(uploads.known(f"{FORM}/{number}") for number in range(20))
    assert (len(reads), len(lists)) == (20, 4)
    claimed(world, 99)
    assert uploads.known(f"{FORM}/99")
    assert len(reads) == 21


def test_a_damaged_record_is_no_upload(world: World) -> None:
    """A record that does not parse must neither end the daemon nor be read for ever."""
    held = claimed(world, 1)
    assert isinstance(held.record, JobRecord)
    (held.path / "job.json").write_bytes(b"{")
    uploads = Uploads(world.layout)
    assert not uploads.known(f"{FORM}/1")
