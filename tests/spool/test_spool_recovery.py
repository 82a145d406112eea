"""Recover: what follows the death of a runner, case by case."""

import pytest

from runner import spool
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import Reason
from runner.job.states import State
from tests.spool.world import LAW, NOW, World


def died(world: World, held: spool.Held) -> spool.Held:
    """The runner dies; its successor takes the job."""
    held.close()
    return world.take(State.ACTIVE, held.id)


def test_a_claim_without_a_source_never_was(world: World) -> None:
    """Nothing begun and no source: the empty job goes, the file is still in the inbox."""
    held = world.claim()
    held.source.rename(world.layout.inbox / "talk.mp3")
    assert world.recover(died(world, held)).how is spool.Recovery.REMOVED
    assert world.states() == {}
    assert (world.layout.inbox / "talk.mp3").exists()


def test_a_claimed_job_waits_due_now_as_a_suspect(world: World) -> None:
    """After an unclean end every job found in active/ is a suspect, charged nothing."""
    held = world.claim()
    got = world.recover(died(world, held))
    assert (got.how, got.suspect) == (spool.Recovery.DEFERRED, True)
    assert str(got) == "deferred"
    record = spool.read(world.layout, State.DEFERRED, held.id)
    assert not isinstance(record, spool.Damaged)
    assert record
    assert record.suspect
    assert spool.due(record, NOW + 100, 0)


def test_an_interruption_charges_nobody(world: World) -> None:
    """A job that had company when the runner died pays nothing."""
    held = world.claim()
    world.begin(held, alone=False)
    held = died(world, held)
    got = world.recover(held)
    assert got.suspect
    (attempt,) = held.record.attempts
    assert (attempt.outcome, attempt.charged) == ("interrupted", False)


def test_a_job_that_ran_alone_pays_and_is_poison_in_the_end(world: World) -> None:
    """A file that kills the machine must stop after ``max_attempts``."""
    held = world.claim()
    got = spool.Recovered(spool.Recovery.REMOVED)
    for number in range(1, LAW.max_attempts + 1):
        assert world.begin(held, alone=True) == number
        held = died(world, held)
        got = world.recover(held)
        held.close()
        if number < LAW.max_attempts:
            assert got.how is spool.Recovery.DEFERRED
            readmitted = spool.readmit(world.layout, held.id)
            assert isinstance(readmitted, spool.Held)
            held = readmitted
    assert got.how is spool.Recovery.BURIED
    assert got.reason
    assert got.reason.code == "poison"
    assert world.states() == {held.id: "failed"}


def test_a_clean_stop_makes_no_suspects_and_charges_nobody(world: World) -> None:
    """A runner that stopped of its own accord is no reason for suspicion."""
    held = world.claim()
    world.begin(held, alone=True)
    held = died(world, held)
    got = world.recover(held, unclean=False)
    assert (got.how, got.suspect) == (spool.Recovery.DEFERRED, False)
    assert held.record.charged == 0


def test_a_valid_end_is_published_though_its_runner_died(world: World) -> None:
    """The work was done: deliver it, also against a cancel that came too late."""
    held = world.finished()
    spool.request_cancel(world.layout, held.id)
    got = world.recover(died(world, held))
    assert got.how is spool.Recovery.PUBLISHED
    assert got.names == ("talk.srt", "talk.json")
    assert world.states() == {held.id: "done"}


def test_an_invalid_end_is_an_interruption(world: World) -> None:
    """A result that was cut off must not be published."""
    held = world.finished()
    (held.attempt_dir(1) / "result.json").write_text("{")
    assert world.recover(died(world, held)).how is spool.Recovery.DEFERRED
    assert world.outbox() == {}


def test_an_old_end_of_an_attempt_that_was_deferred_is_not_published(world: World) -> None:
    """A defer that was recorded is finished, its delay kept, whatever lies in the folder."""
    held = world.finished()
    crash = Outcome(kind=OutcomeKind.CRASHED, reason="END does not hold")
    spool.end_attempt(held, crash, charged=True, now=NOW)
    held.save(held.record.but(deferred_at=NOW, delay=40.0, relief="cpu"))
    held = died(world, held)
    assert world.recover(held).how is spool.Recovery.DEFERRED
    assert (held.record.delay, held.record.deferred_at) == (40.0, NOW)
    assert held.record.relief == "cpu"
    assert not held.record.suspect


def test_a_source_that_has_vanished_is_told(world: World) -> None:
    """Begun and without source: buried with the reason, nothing else to do."""
    held = world.claim()
    world.begin(held)
    held.source.unlink()
    got = world.recover(died(world, held))
    assert got.reason
    assert got.reason.code == "vanished"
    assert "gone" in world.outbox()["talk.mp3.failed.txt"]


def test_a_cancelled_job_is_buried(world: World) -> None:
    """The wish outlives the runner that should have heard it."""
    held = world.claim()
    world.begin(held)
    spool.request_cancel(world.layout, held.id)
    got = world.recover(died(world, held))
    assert got.reason
    assert got.reason.code == "cancelled"
    assert world.states() == {held.id: "failed"}


def test_a_burial_that_was_recorded_is_finished(world: World) -> None:
    """Its reason stays; a source that is present does not bring the job back."""
    held = world.claim()
    reason = Reason(code="not_media", text="it is a text file")
    held.save(held.record.but(reason=reason, finished_at=NOW))
    got = world.recover(died(world, held))
    assert (got.how, got.reason) == (spool.Recovery.BURIED, reason)


def test_a_burial_of_a_waiting_job_is_finished_and_others_stay(world: World) -> None:
    """In deferred/ only what was being buried moves."""
    for name, buried in (("a.mp3", True), ("b.mp3", False)):
        held = world.claim(name)
        spool.defer(held, delay=99, now=NOW)
        if buried:
            reason = Reason(code="cancelled", text="cancelled")
            held.save(held.record.but(reason=reason, finished_at=NOW))
        got = world.recover(held)
        assert got.how is (spool.Recovery.BURIED if buried else spool.Recovery.DEFERRED)
    assert sorted(world.states().values()) == ["deferred", "failed"]


def test_leftovers_of_writes_are_cleared(world: World) -> None:
    """What a write left that was cut off goes; nothing else with a dot does."""
    held = world.claim()
    (held.path / ".job.json.tmp-0123abcd").write_text('{"versi')
    (held.path / ".other").touch()
    held = died(world, held)
    world.recover(held)
    assert sorted(p.name for p in held.path.iterdir()) == [".other", "job.json", "source"]


def test_a_sidecar_that_stayed_behind_is_brought_in(world: World) -> None:
    """The runner died between the claim and the sidecar's move."""
    sidecar = world.drop("talk.mp3.toml", "language = 'en'")
    entry = world.entry(world.drop(), sidecar=sidecar)
    held = world.try_claim(entry)
    (held.path / "sidecar.toml").rename(sidecar)
    held = died(world, held)
    world.recover(held)
    assert (held.path / "sidecar.toml").exists()
    assert not sidecar.exists()


@pytest.mark.parametrize("again", [1, 2])
def test_recovering_again_changes_nothing(world: World, again: int) -> None:
    """Idempotent: a job that is where it belongs stays there."""
    held = world.claim()
    world.recover(died(world, held))
    held.close()
    for _ in range(again):
        world.close()
        assert [str(r) for r in world.recover_all()] == ["deferred"]
    assert len(world.places_of("sound")) == 1


@pytest.mark.parametrize("record", [None, b"", b'{"id"'], ids=["none", "empty", "cut off"])
def test_a_power_cut_before_a_claim_leaves_nothing(world: World, record: bytes | None) -> None:
    """A directory in active/ with a damaged record and no source must go: nothing was claimed."""
    job = world.fresh_id()
    home = world.layout.job_dir(State.ACTIVE, job)
    home.mkdir()
    if record is not None:
        (home / "job.json").write_bytes(record)
    assert isinstance(spool.take(world.layout, State.ACTIVE, job), spool.Damaged)
    assert spool.discard_stillborn(world.layout, job)
    assert world.states() == {}
    assert list(world.layout.staging.iterdir()) == []


def test_a_damaged_job_with_a_source_is_no_stillborn(world: World) -> None:
    """Where a recording lies beside a damaged record, nothing must be removed."""
    held = world.claim()
    (held.path / "job.json").write_bytes(b"")
    held.close()
    assert not spool.discard_stillborn(world.layout, held.id)
    assert world.states() == {held.id: "active"}
    assert world.places_of("sound") == [f"active/{held.id}/source"]
