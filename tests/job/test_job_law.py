"""The law of jobs: transitions, verdicts, ids, records."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.job.errors import DamagedRecord
from runner.job.ids import is_id, new_id
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import KEPT_UNCHARGED, Attempt, GivenName, JobRecord
from runner.job.states import MOVES, Move, State, may_move
from runner.job.verdict import RULES, Law, Trouble, VerdictKind, backoff, verdict
from runner.job.wire import time_limit

LAW = Law(max_attempts=3, retry_seconds=10, retry_max_seconds=600)


def record(*outcomes: str, charged: bool = True, alone: bool = False) -> JobRecord:
    """A job whose attempts ended with ``outcomes``."""
    attempts = tuple(
        Attempt(number=n, started_at=0, ended_at=1, outcome=o, charged=charged, alone=alone)
        for n, o in enumerate(outcomes, 1)
    )
    return JobRecord(id="j", name=GivenName(text="a.wav"), attempts=attempts)


def test_verdict_is_total() -> None:
    """Every kind of outcome must have a rule, and every rule a kind."""
    assert set(RULES) == set(OutcomeKind)


def test_every_move_has_edges_and_no_other_edge_is_legal() -> None:
    """``may_move`` must agree with the table for every pair of states."""
    assert set(MOVES) == set(Move)
    for move, source, target in itertools.product(Move, State, State):
        assert may_move(move, source, target) == ((source, target) in MOVES[move])


def test_nothing_leaves_done_but_removal() -> None:
    """A delivered job must never run again."""
    out = {move for move in Move for source, _ in MOVES[move] if source is State.DONE}
    assert out == {Move.REMOVE}


def test_crashes_are_retried_with_growing_pauses_then_buried() -> None:
    """A crash is retried after 10 s, 20 s, and the third is the last."""
    outcome = Outcome(kind=OutcomeKind.CRASHED, reason="SIGSEGV")
    first = verdict(outcome, record("crashed"), LAW)
    second = verdict(outcome, record("crashed", "crashed"), LAW)
    third = verdict(outcome, record("crashed", "crashed", "crashed"), LAW)
    assert (first.kind, first.delay) == (VerdictKind.DEFER, 10)
    assert (second.kind, second.delay) == (VerdictKind.DEFER, 20)
    assert third.kind is VerdictKind.BURY
    assert third.reason and "SIGSEGV" in third.reason.text


def test_the_last_attempt_runs_on_cpu() -> None:
    """After the last but one crash on an accelerator the next attempt must be on CPU."""
    outcome = Outcome(kind=OutcomeKind.CRASHED, accelerator=True)
    assert verdict(outcome, record("crashed"), LAW).relief == ""
    assert verdict(outcome, record("crashed", "crashed"), LAW).relief == "cpu"


@pytest.mark.parametrize("kind", [OutcomeKind.OVERDUE, OutcomeKind.STALLED])
def test_slow_jobs_run_at_most_twice(kind: OutcomeKind) -> None:
    """A job over its deadline gets two runs, or one where ``max_attempts`` is one."""
    outcome = Outcome(kind=kind, reason="too slow")
    assert verdict(outcome, record(kind), LAW).kind is VerdictKind.DEFER
    assert verdict(outcome, record(kind, kind), LAW).kind is VerdictKind.BURY
    assert verdict(outcome, record(kind), Law(max_attempts=1)).kind is VerdictKind.BURY


def test_memory_is_tried_twice_and_foreign_use_of_the_gpu_is_free() -> None:
    """Over memory: one retry with relief; when another process held the GPU, uncharged."""
    outcome = Outcome(kind=OutcomeKind.OVER_MEMORY, accelerator=True)
    again = verdict(outcome, record("over_memory"), LAW)
    assert (again.kind, again.relief) == (VerdictKind.DEFER, "cpu")
    twice = record("over_memory", "over_memory")
    assert verdict(outcome, twice, LAW).kind is VerdictKind.BURY
    foreign = Outcome(kind=OutcomeKind.OVER_MEMORY, foreign=True)
    assert verdict(foreign, twice, LAW).kind is VerdictKind.DEFER
    assert verdict(foreign, twice, LAW).charged is False


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        (OutcomeKind.SPOOL_ERROR, Trouble.SPOOL),
        (OutcomeKind.INTERRUPTED, Trouble.NONE),
    ],
)
def test_faults_of_ours_are_refunded(kind: OutcomeKind, trouble: Trouble) -> None:
    """Our own fault charges nobody, at once due again, however often it happened."""
    seen = verdict(Outcome(kind=kind), record(*[kind] * 9), LAW)
    assert (seen.kind, seen.charged, seen.trouble) == (VerdictKind.DEFER, False, trouble)


def engine_failures(free: int, charged: int, counted_from: int = 1) -> JobRecord:
    """A job in whose attempts the engine failed: first those that are free, then the charged."""
    attempts = tuple(
        Attempt(number=n, started_at=0, ended_at=1, outcome="engine_failed", charged=n > free)
        for n in range(1, free + charged + 1)
    )
    name = GivenName(text="a.wav")
    return JobRecord(id="j", name=name, attempts=attempts, counted_from=counted_from)


def test_an_engine_that_fails_again_on_one_job_is_the_job_s_doing() -> None:
    """The first failure is refunded; after that it is a crash: charged, put off, buried."""
    outcome = Outcome(kind=OutcomeKind.ENGINE_FAILED, reason="no such operator")
    first = verdict(outcome, engine_failures(0, 1), LAW)
    assert (first.kind, first.charged, first.trouble) == (VerdictKind.DEFER, False, Trouble.ENGINE)
    second = verdict(outcome, engine_failures(1, 1), LAW)
    assert (second.kind, second.charged, second.delay) == (VerdictKind.DEFER, True, 10)
    assert second.trouble is Trouble.NONE, "one recording must not hold up the others"
    last = verdict(outcome, engine_failures(1, 3), LAW)
    assert last.kind is VerdictKind.BURY
    assert last.reason and last.reason.code == "engine_failed"
    assert last.reason.text == "no such operator (attempt 3 of 3)"
    retried = verdict(outcome, engine_failures(1, 4, counted_from=5), LAW)
    assert not retried.charged, "an operator's retry begins anew"


def ended(number: int, *, charged: bool = False) -> Attempt:
    """An attempt that is over."""
    outcome = "crashed" if charged else "interrupted"
    return Attempt(number=number, started_at=0, ended_at=1, outcome=outcome, charged=charged)


def test_a_record_does_not_grow_for_ever() -> None:
    """Of 10,000 interruptions the newest must be kept, with all that count, and the number."""
    job = JobRecord(id="j", name=GivenName(text="a.wav"))
    for number in range(1, 10_001):
        job = job.with_attempt(ended(number, charged=number in {3, 5000}))
    assert len(job.attempts) <= KEPT_UNCHARGED + 3
    assert (job.tried, job.charged, job.runs_of("crashed")) == (10_000, 2, 2)
    kept = [attempt.number for attempt in job.attempts]
    assert kept == sorted(kept)
    assert kept[:2] == [3, 5000]
    assert kept[-KEPT_UNCHARGED:] == list(range(10_001 - KEPT_UNCHARGED, 10_001))


def test_what_counted_before_a_retry_does_not_grow_for_ever_either() -> None:
    """Attempts from before an operator's retry count for nothing, so that old ones go too."""
    job = JobRecord(id="j", name=GivenName(text="a.wav"))
    for number in range(1, 1001):
        job = job.but(counted_from=number).with_attempt(ended(number, charged=True))
    assert len(job.attempts) <= KEPT_UNCHARGED + 2
    assert (job.tried, job.charged) == (1000, 1)


def test_a_file_that_kills_the_daemon_alone_is_buried_at_the_limit() -> None:
    """Only a job that ran alone when the daemon died pays, and it stops at the limit."""
    died = Outcome(kind=OutcomeKind.INTERRUPTED, code="daemon_died")
    assert not verdict(died, record("interrupted"), LAW).charged
    assert verdict(died, record("interrupted", alone=True), LAW).charged
    thrice = record(*["interrupted"] * 3, alone=True)
    assert verdict(died, thrice, LAW).kind is VerdictKind.BURY


@given(st.integers(1, 200))
def test_backoff_grows_and_is_bounded(charged: int) -> None:
    """Pauses must never shrink and never pass ten minutes."""
    assert backoff(charged, LAW) <= backoff(charged + 1, LAW) <= 600


@given(st.floats(0, 2**32), st.floats(0, 2**32), st.integers(0, 2**80 - 1))
def test_ids_sort_by_time(one: float, two: float, chance: int) -> None:
    """An id made a millisecond later must sort later, and all ids have one form."""
    first, second = new_id(one, chance), new_id(two, chance)
    assert is_id(first)
    if int(one * 1000) < int(two * 1000):
        assert first < second


@pytest.mark.parametrize("text", ["", "../x", "01m85va99gavza7ax49e18jb0v\n", "A" * 26])
def test_other_texts_are_no_ids(text: str) -> None:
    """What is not of the form must be refused, newline and path included."""
    assert not is_id(text)


@given(st.binary(min_size=1, max_size=60).filter(lambda b: b"/" not in b and b"\0" not in b))
def test_names_survive_a_record(raw: bytes) -> None:
    """Any name a disk can hold must come back byte for byte from job.json."""
    name = GivenName.of(os.fsdecode(raw))
    back = JobRecord.from_json(JobRecord(id="j", name=name).to_json())
    assert os.fsencode(back.name.on_disk()) == raw


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"id":1}', b'{"id":"j","name":{"text":"a"},"x":1}']
)
def test_damaged_records_are_named(data: bytes) -> None:
    """A record that does not parse must say where, in one sentence."""
    with pytest.raises(DamagedRecord, match=r"active/j/job\.json"):
        JobRecord.from_json(data, where="active/j/job.json")


def test_time_limits() -> None:
    """A number is hard; auto is six times the audio, at least half an hour, at most a day."""
    assert time_limit(7, 10_000) == 7
    assert time_limit(None, 10) == 1800
    assert time_limit(None, 3600) == 21600
    assert time_limit(None, 10**6) == time_limit(None, None) == 86400
