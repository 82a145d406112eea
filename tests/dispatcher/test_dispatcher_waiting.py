"""The deferred jobs as the dispatcher remembers them."""

from runner.dispatcher.clock import Moment
from runner.dispatcher.waiting import Waiting
from runner.job.record import GivenName, JobRecord

START = Moment(mono=1000.0, wall=1_700_000_000.0)


def job(name: str, *, delay: float = 0.0, suspect: bool = False) -> JobRecord:
    """A job deferred at the start."""
    return JobRecord(
        id=name, name=GivenName(text="a.wav"), deferred_at=START.wall, delay=delay, suspect=suspect
    )


def later(mono: float, wall: float | None = None) -> Moment:
    """So many seconds after the start, on both clocks or differently."""
    return Moment(START.mono + mono, START.wall + (mono if wall is None else wall))


def waiting(*jobs: JobRecord) -> Waiting:
    """What is known of these."""
    known = Waiting()
    for record in jobs:
        known.note(record, START)
    return known


def test_the_job_that_is_due_longest_goes_first() -> None:
    """Order is by due time, not by id or by arrival."""
    known = waiting(job("a", delay=30), job("b", delay=10), job("c", delay=20))
    assert known.next_due(later(9)) is None
    assert known.next_due(later(15)) == "b"
    assert known.next_due(later(100)) == "b"
    known.forget("b")
    assert known.next_due(later(100)) == "c"


def test_suspects_are_apart_and_oldest_first() -> None:
    """A suspect must never be chosen as an ordinary due job."""
    known = waiting(job("b", suspect=True), job("a", suspect=True), job("c"))
    assert known.suspects() == ["a", "b"]
    assert known.next_due(later(0)) == "c"
    known.forget("c")
    assert known.next_due(later(1000)) is None


def test_no_clock_starves_a_job() -> None:
    """A wall clock that goes back, or stands still, must not keep a job waiting for ever."""
    known = waiting(job("a", delay=100))
    assert known.next_due(later(50)) is None
    assert known.next_due(later(1, wall=-5)) == "a", "the clock has gone back behind the defer"
    assert known.next_due(later(100, wall=10)) == "a", "seen waiting for its whole delay"


def test_the_loop_wakes_when_the_next_is_due() -> None:
    """``wakes_at`` must be the earliest instant by either clock."""
    known = waiting(job("a", delay=100), job("b", delay=40))
    assert known.wakes_at(later(0)) == START.mono + 40
    assert known.wakes_at(later(0, wall=30)) == START.mono + 10
    assert known.due_within(40, later(0))
    assert not known.due_within(39, later(0))
    assert Waiting().wakes_at(START) is None


def test_the_disk_is_the_truth() -> None:
    """What has gone from ``deferred/`` must be forgotten, what is new be read once."""
    known = waiting(job("a"), job("b"))
    read: list[str] = []

    def reader(name: str) -> JobRecord | None:
        read.append(name)
        return job(name) if name != "damaged" else None

    known.refresh(["b", "c", "damaged"], reader, START)
    assert sorted(known) == ["b", "c"]
    assert sorted(read) == ["c", "damaged"]
