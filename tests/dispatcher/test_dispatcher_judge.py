"""From outcome to move, on a real spool: what is believed, what is pending, who pays."""

import shutil
from types import SimpleNamespace
from typing import Any

import pytest

from runner import spool
from runner.config import Settings
from runner.dispatcher.brakes import Brakes
from runner.dispatcher.clock import Moment
from runner.dispatcher.judge import Judge
from runner.dispatcher.told import Told
from runner.dispatcher.waiting import Waiting
from runner.durable import calls
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.verdict import VerdictKind
from runner.telemetry.log import logger
from tests.spool.world import NOW, World

T = Moment(mono=10.0, wall=NOW + 10)


@pytest.fixture
def rooms(world: World) -> Any:
    """The rooms as far as a judge needs them."""
    return SimpleNamespace(
        layout=world.layout, settings=Settings(spool=world.layout.root, max_attempts=2),
        publish_law=world.law, brakes=Brakes(logger()), told=Told(logger()), waiting=Waiting(),
    )  # fmt: skip


def crashed(**more: Any) -> Outcome:
    """A worker that died."""
    return Outcome(kind=OutcomeKind.CRASHED, reason="killed by SIGSEGV", **more)


@pytest.mark.parametrize("kind", [OutcomeKind.CRASHED, OutcomeKind.OVERDUE, OutcomeKind.CANCELLED])
def test_a_valid_end_wins(world: World, rooms: Any, kind: OutcomeKind) -> None:
    """Whatever came after a valid END, the transcript must be delivered."""
    held = world.finished()
    assert Judge(rooms).settle(held, Outcome(kind=kind), T) is VerdictKind.PUBLISH
    assert sorted(world.outbox()) == ["talk.json", "talk.srt"]
    assert list(world.states().values()) == ["done"]


def test_an_end_that_does_not_hold_is_a_crash(world: World, rooms: Any) -> None:
    """A worker that says END must be checked: a changed rendering means another attempt."""
    held = world.finished()
    (held.attempt_dir(1) / "rendering.srt").write_text("something else")
    judge = Judge(rooms)
    assert judge.settle(held, Outcome(kind=OutcomeKind.END), T) is VerdictKind.DEFER
    assert world.outbox() == {}
    ((job, state),) = world.states().items()
    assert state == "deferred"
    (attempt,) = world.take(spool.State.DEFERRED, job).record.attempts
    assert (attempt.outcome, attempt.charged) == ("crashed", True)


def test_attempts_are_limited(world: World, rooms: Any) -> None:
    """The last of ``max_attempts`` crashes must bury, with the count in the reason."""
    held = world.claim()
    judge = Judge(rooms)
    world.begin(held)
    assert judge.settle(held, crashed(), T) is VerdictKind.DEFER
    got = spool.readmit(world.layout, held.id)
    assert isinstance(got, spool.Held)
    world.begin(got)
    assert judge.settle(got, crashed(), T) is VerdictKind.BURY
    record = world.take(spool.State.FAILED, held.id).record
    assert record.reason
    assert record.reason.text == "killed by SIGSEGV (attempt 2 of 2)"


@pytest.mark.parametrize(("setting", "own"), [(3, 1), (1, 50)])
def test_a_job_may_lower_its_attempts_never_raise_them(
    world: World, rooms: Any, setting: int, own: int
) -> None:
    """The lower of the job's and the settings' ``max_attempts`` must count."""
    rooms.settings = Settings(max_attempts=setting)
    held = world.try_claim(world.entry(world.drop(), options={"max_attempts": own}))
    world.begin(held)
    assert Judge(rooms).settle(held, crashed(), T) is VerdictKind.BURY


def test_a_verdict_waits_for_the_disk(
    world: World, rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verdict that can't be written must stay pending, with its lease, and pass later."""
    spool.ensure_reserve(world.layout, 4096)
    held = world.finished()
    judge = Judge(rooms)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(calls, "open_write", full)
        judge.settle(held, Outcome(kind=OutcomeKind.END), T)
        assert judge.held() == {held.id}
        assert not (world.layout.run / "reserve").exists()
        assert rooms.brakes.holding(T.mono)
        assert spool.take(world.layout, spool.State.ACTIVE, held.id) is spool.BUSY
        judge.retry_pending(T)
        assert judge.held() == {held.id}
    judge.retry_pending(T)
    assert len(judge) == 0
    assert sorted(world.outbox()) == ["talk.json", "talk.srt"]
    assert rooms.brakes.names == frozenset()


def test_troubles_of_ours_charge_nobody(world: World, rooms: Any) -> None:
    """A full disk in the worker, or an engine that is gone, must refund and brake."""
    for kind, brake in ((OutcomeKind.SPOOL_ERROR, "spool"), (OutcomeKind.ENGINE_FAILED, "engine")):
        held = world.claim(f"{kind}.mp3")
        world.begin(held)
        assert Judge(rooms).settle(held, Outcome(kind=kind, reason="x"), T) is VerdictKind.DEFER
        assert brake in rooms.brakes.names
        record = world.take(spool.State.DEFERRED, held.id).record
        assert [a.charged for a in record.attempts] == [False]


def test_what_hinders_one_job_holds_no_other(world: World, rooms: Any) -> None:
    """A mount where one job's result should go must hold that job alone, with its reason."""
    held = world.finished(folder="sub")
    judge = Judge(rooms)

    def elsewhere(*_: Any, **__: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "rename_noreplace", elsewhere)
        judge.settle(held, Outcome(kind=OutcomeKind.END), T)
        assert judge.held() == {held.id}
        assert not rooms.brakes.holding(T.mono)
        assert any("cross-device" in reason for reason in rooms.brakes.reasons())
        judge.retry_pending(T)
        assert judge.held() == {held.id}, "it is tried again after a pause, not at once"
    judge.retry_pending(Moment(mono=T.mono + 5, wall=T.wall + 5))
    assert len(judge) == 0
    assert rooms.brakes.reasons() == ()
    assert sorted(world.outbox()) == ["sub/talk.json", "sub/talk.srt"]


def test_a_job_that_was_removed_by_hand_is_let_go(world: World, rooms: Any) -> None:
    """When somebody deletes a running job's directory, nothing may wait for it."""
    held = world.claim()
    world.begin(held)
    shutil.rmtree(held.path)
    judge = Judge(rooms)
    judge.settle(held, crashed(), T)
    assert len(judge) == 0
    assert held.fd == -1
    assert not rooms.brakes.holding(T.mono)
    assert rooms.told.totals(0).buried == {"vanished": 1}
