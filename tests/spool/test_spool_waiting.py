"""Defer, readmit, due, retry, cancel, attempts: what is remembered between attempts."""

import pytest

from runner import spool
from runner.job.errors import SpoolError
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import GivenName, JobRecord, Reason
from runner.job.states import State
from tests.spool.world import NOW, World

CRASH = Outcome(kind=OutcomeKind.CRASHED, reason="signal 11", signal=11, log_tail="boom")


def on_disk(world: World, held: spool.Held) -> JobRecord:
    """Return the record as the disk has it."""
    record = spool.read(world.layout, held.state, held.id)
    assert isinstance(record, JobRecord)
    return record


def test_an_attempt_is_counted_before_it_runs(world: World) -> None:
    """When begin returns, number, runner and device are on the disk and the folder is there."""
    held = world.claim()
    assert world.begin(held, alone=True) == 1
    attempt = on_disk(world, held).current
    assert attempt
    assert (attempt.number, attempt.runner, attempt.alone) == (1, "one", True)
    assert list(held.attempt_dir(1).iterdir()) == []
    assert held.attempt_dir(1).stat().st_mode & 0o7777 == 0o700


def test_an_attempt_ends_before_the_next_begins(world: World) -> None:
    """Two open attempts would be two workers."""
    held = world.claim()
    world.begin(held)
    with pytest.raises(SpoolError, match="has not ended"):
        world.begin(held)


def test_what_a_begin_left_that_was_cut_off_is_cleared(world: World) -> None:
    """A new attempt starts in an empty folder."""
    held = world.claim()
    held.attempt_dir(1).mkdir()
    (held.attempt_dir(1) / "old").touch()
    assert world.begin(held) == 1
    assert list(held.attempt_dir(1).iterdir()) == []


def test_the_facts_of_an_end_reach_the_disk_with_the_move(world: World) -> None:
    """After the defer the record must say how the attempt ended and who pays."""
    held = world.claim()
    world.begin(held)
    spool.mark_accepted(held)
    spool.end_attempt(held, CRASH, charged=True, now=NOW + 5)
    spool.end_attempt(held, CRASH, charged=False, now=NOW + 6)
    spool.defer(held, delay=20, now=NOW + 6, relief="cpu", suspect=True)
    record = on_disk(world, held)
    (attempt,) = record.attempts
    assert (attempt.outcome, attempt.signal, attempt.charged) == ("crashed", 11, False)
    assert (record.delay, record.deferred_at, record.relief) == (20, NOW + 6, "cpu")
    assert record.suspect
    assert record.accepted
    assert record.log_tail == "boom"
    assert world.states() == {held.id: "deferred"}


@pytest.mark.parametrize(
    ("now", "seen", "due"),
    [
        (NOW, 0, False), (NOW + 59, 59, False), (NOW + 60, 0, True),
        (NOW - 1, 0, True), (NOW - 1e9, 0, True), (NOW + 1, 60, True), (NOW + 1e9, 0, True),
    ],
)  # fmt: skip
def test_when_a_job_is_due(now: float, seen: float, due: bool) -> None:  # noqa: FBT001
    """By wall clock, or when it went back, or when it was seen waiting long enough."""
    record = JobRecord(id="j", name=GivenName(text="a"), deferred_at=NOW, delay=60.0)
    assert spool.due(record, now, seen) is due


def test_readmit_takes_the_job_back_and_names_the_runner(world: World) -> None:
    """The record must name the runner whose death frees the lease."""
    held = world.claim()
    spool.defer(held, delay=0, now=NOW)
    held.close()
    got = spool.readmit(world.layout, held.id, runner="two")
    assert isinstance(got, spool.Held)
    assert got.state is State.ACTIVE
    assert on_disk(world, got).runner == "two"
    got.close()


def test_a_retry_begins_anew_and_keeps_the_history(world: World) -> None:
    """Attempts so far stay readable and no longer count; nothing of the end stays."""
    held = world.claim()
    world.begin(held)
    spool.end_attempt(held, CRASH, charged=True, now=NOW)
    spool.bury(held, Reason(code="crashed", text="signal 11"), world.law, now=NOW)
    held.close()
    held = world.take(State.FAILED, held.id)
    (held.path / "cancel").touch()
    assert spool.retry(held, now=NOW + 9)
    record = on_disk(world, held)
    assert held.state is State.DEFERRED
    assert (record.charged, len(record.attempts)) == (0, 1)
    assert (record.finished_at, record.publishing) == (None, 0)
    assert record.deferred_at == NOW + 9
    assert not spool.cancelled(held)
    held.close()
    again = spool.readmit(world.layout, held.id)
    assert isinstance(again, spool.Held)
    assert world.begin(again) == 2
    assert on_disk(world, again).reason is None
    again.close()


def test_a_retry_needs_the_recording(world: World) -> None:
    """What prune has taken can't be tried again: a value."""
    held = world.claim()
    spool.bury(held, Reason(code="crashed", text="x"), world.law, now=NOW)
    held.source.unlink()
    assert not spool.retry(held, now=NOW)
    assert world.states() == {held.id: "failed"}


def test_cancel_reaches_running_and_waiting_jobs(world: World) -> None:
    """No lease is needed; asked twice it is asked once; a finished job can't be cancelled."""
    held = world.claim()
    assert not spool.cancelled(held)
    assert spool.request_cancel(world.layout, held.id)
    assert spool.request_cancel(world.layout, held.id)
    assert spool.cancelled(held)
    waiting = world.claim("b.mp3")
    spool.defer(waiting, delay=9, now=NOW)
    assert spool.request_cancel(world.layout, waiting.id)
    assert spool.cancel_requested(world.layout, State.DEFERRED, waiting.id)
    done = world.finished("c.mp3")
    spool.publish(done, world.law, now=NOW)
    assert not spool.request_cancel(world.layout, done.id)


def test_a_move_that_is_not_on_the_table_is_refused(world: World) -> None:
    """Done jobs don't run again."""
    held = world.finished()
    spool.publish(held, world.law, now=NOW)
    with pytest.raises(SpoolError, match="does not lead"):
        spool.defer(held, delay=0, now=NOW)


def test_an_active_job_with_its_recording_is_not_removed(world: World) -> None:
    """It runs, or waits to be recovered; cancel is the way."""
    held = world.claim()
    with pytest.raises(SpoolError, match="cancel it first"):
        spool.remove(held)
    assert len(world.places_of("sound")) == 1


def test_remove_takes_the_notice_along(world: World) -> None:
    """A notice that promises a recording must not outlive it."""
    held = world.claim()
    spool.bury(held, Reason(code="crashed", text="x"), world.law, now=NOW)
    spool.remove(held)
    assert world.outbox() == {}


def test_remove_forgets_the_job_not_the_result(world: World) -> None:
    """The directory goes through staging; what was delivered stays."""
    held = world.finished()
    spool.publish(held, world.law, now=NOW)
    spool.remove(held)
    assert world.states() == {}
    assert list(world.layout.staging.iterdir()) == []
    assert len(world.outbox()) == 2
    assert held.fd == -1


def test_earlier_attempts_leave_no_folders(world: World) -> None:
    """However often a job was interrupted, it must hold the folder of one attempt."""
    held = world.claim()
    for number in range(1, 5):
        assert world.begin(held) == number
        world.work(held)
        outcome = Outcome(kind=OutcomeKind.INTERRUPTED)
        spool.end_attempt(held, outcome, charged=False, now=NOW)
    assert [path.name for path in held.path.glob("attempt-*")] == ["attempt-4"]
