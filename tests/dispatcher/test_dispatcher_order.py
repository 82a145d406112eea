"""What a worker is told, and how its progress is shown."""

import pytest

from runner.config import Settings
from runner.dispatcher.clock import Moment
from runner.dispatcher.order import order_for
from runner.dispatcher.runs import Run
from runner.options import JobOptions, effective
from runner.pool import WorkerRef
from tests.spool.world import World


def test_limits_of_a_job_only_lower(world: World) -> None:
    """The order must carry the lower of the job's and the settings' limits."""
    settings = Settings(job_timeout_seconds=100, max_audio_seconds=50, spool=world.layout.root)
    held = world.claim()
    for own, wanted in ((None, (100.0, 50.0)), (20.0, (20.0, 20.0)), (500.0, (100.0, 50.0))):
        given = {"job_timeout_seconds": own, "max_audio_seconds": own} if own else {}
        order = order_for(held, effective(given, settings), 1, settings)
        assert (order.timeout_seconds, order.max_audio_seconds) == wanted


def test_auto_stays_open_until_the_length_is_known(world: World) -> None:
    """A timeout of ``auto`` must reach the worker as None, a job's own number as it is."""
    settings = Settings(spool=world.layout.root)
    held = world.claim()
    assert order_for(held, effective({}, settings), 1, settings).timeout_seconds is None
    own = effective({"job_timeout_seconds": 7}, settings)
    assert order_for(held, own, 1, settings).timeout_seconds == 7


def test_relief_after_memory_ran_out_is_a_smaller_beam(world: World) -> None:
    """The second attempt after a memory failure must search with one beam, and only then."""
    settings = Settings(spool=world.layout.root)
    held = world.claim()
    assert order_for(held, effective({}, settings), 1, settings).options["beam_size"] == 5
    held.record = held.record.but(relief="beam")
    options = order_for(held, effective({}, settings), 2, settings).options
    assert (options["beam_size"], options["best_of"]) == (1, 1)


def test_a_bar_never_goes_back() -> None:
    """Checking, decoding and transcribing must fill one bar, once, whatever a worker says."""
    run = Run(job="j", held=None, ref=WorkerRef(1), options=JobOptions(), claimed=0.0, started=0.0)
    seen = []
    for phase, fraction in (
        ("checking", 1.0), ("decoding", 0.5), ("transcribing", 0.0),
        ("transcribing", 0.5), ("decoding", 1.0), ("transcribing", 1.0), ("transcribing", 9.0),
    ):  # fmt: skip
        run.advance(phase, fraction)
        seen.append(run.progress)
    assert seen == sorted(seen)
    assert seen[3] == pytest.approx(0.55)
    assert seen[-1] == 1.0
    assert run.shown(Moment(mono=10.0, wall=0.0)).eta_seconds == 0.0
