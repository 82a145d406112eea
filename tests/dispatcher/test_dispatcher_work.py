"""What the busy slots tell the brakes: a worker that comes up has not proved the engine."""

from unittest.mock import MagicMock

import pytest

from runner.config import Settings
from runner.dispatcher.brakes import ENGINE_PAUSE_SECONDS, Brakes
from runner.dispatcher.clock import Moment
from runner.dispatcher.work import Work
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.record import GivenName, JobRecord
from runner.pool import Finished, Ready, WorkerRef

NOW = Moment(mono=100.0, wall=1000.0)
REF = WorkerRef(1)


@pytest.fixture
def brakes() -> Brakes:
    """Return brakes that nobody hears of."""
    return Brakes(MagicMock())


def tell(brakes: Brakes, event: Finished | Ready) -> None:
    """Let a busy slot hear an event of its worker; one that is ready gets no order."""
    rooms, held = MagicMock(brakes=brakes, settings=Settings()), MagicMock()
    rooms.pool.request.return_value = REF
    held.record = JobRecord(id="j", name=GivenName(text="a.wav"))
    work = Work(rooms, MagicMock())
    work.employ(held, NOW)
    (run,) = work.runs
    if isinstance(event, Ready):
        work.stop(run, OutcomeKind.CANCELLED, NOW)
    work.hear(event, NOW)


def pause(brakes: Brakes) -> float:
    """Return how long the next failure of the engine holds."""
    brakes.engine_failed("no", NOW.mono)
    return (brakes.wakes_at(NOW.mono) or 0.0) - NOW.mono


@pytest.mark.parametrize("kind", [k for k in OutcomeKind if k is not OutcomeKind.END])
def test_failures_count_until_a_transcript(brakes: Brakes, kind: OutcomeKind) -> None:
    """A ready worker must let claims through again; only an END makes the pauses short again."""
    assert pause(brakes) == ENGINE_PAUSE_SECONDS
    tell(brakes, Ready(ref=REF, pid=1, model="m", device="cpu", how="fork", cage=()))
    assert not brakes.names
    tell(brakes, Finished(ref=REF, outcome=Outcome(kind=kind)))
    assert pause(brakes) == 2 * ENGINE_PAUSE_SECONDS
    tell(brakes, Finished(ref=REF, outcome=Outcome(kind=OutcomeKind.END)))
    assert pause(brakes) == ENGINE_PAUSE_SECONDS
