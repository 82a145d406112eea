"""Brakes: each goes by itself when its cause is over; the engine's pauses grow."""

from typing import Any

import pytest

from runner.dispatcher.brakes import ENGINE_PAUSE_MAX_SECONDS, ENGINE_PAUSE_SECONDS, Brakes


class Heard:
    """A log that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def __getattr__(self, _level: str) -> Any:
        return lambda event, **facts: self.events.append((event, facts.get("by", "")))


@pytest.fixture
def heard() -> Heard:
    """Return what is told."""
    return Heard()


@pytest.fixture
def brakes(heard: Heard) -> Brakes:
    """Return brakes that tell."""
    log: Any = heard
    return Brakes(log)


def test_nothing_holds_at_first(brakes: Brakes) -> None:
    """Without a reason nothing may be held."""
    assert not brakes.holding(0.0)
    assert brakes.reasons() == ()
    assert brakes.wakes_at(0.0) is None


def test_a_timed_brake_ends_by_itself(brakes: Brakes) -> None:
    """The spool's brake must hold for a second, wake the loop then, and let a probe through."""
    brakes.spool_failed("no space", 100.0)
    assert brakes.holding(100.9)
    assert brakes.wakes_at(100.0) == 101.0
    assert not brakes.holding(101.0)
    assert brakes.reasons() == ("no space",), "between two probes the runner is not healthy"


def test_the_engine_s_pauses_grow_to_a_limit(brakes: Brakes) -> None:
    """Each failed probe must double the pause, up to five minutes; a transcript forgets all."""
    now, pauses = 0.0, []
    for _ in range(12):
        brakes.engine_failed("no model", now)
        end = brakes.wakes_at(now)
        assert end is not None
        pauses.append(end - now)
        now = end
    assert pauses[:3] == [ENGINE_PAUSE_SECONDS * 2**n for n in range(3)]
    assert pauses[-1] == ENGINE_PAUSE_MAX_SECONDS
    brakes.engine_up()
    assert brakes.names == frozenset(), "a worker came up: the runner is healthy"
    brakes.engine_failed("it came up and failed", now)
    assert brakes.wakes_at(now) == now + ENGINE_PAUSE_MAX_SECONDS
    brakes.engine_worked()
    brakes.engine_failed("no model", now)
    assert brakes.wakes_at(now) == now + ENGINE_PAUSE_SECONDS


def test_one_brake_does_not_release_another(brakes: Brakes) -> None:
    """Resuming must not let claims through while the disk is full."""
    brakes.set("paused", "paused by the operator")
    brakes.set("disk", "10 bytes free")
    brakes.release("paused")
    assert brakes.holding(1e9)
    assert brakes.reasons() == ("10 bytes free",)
    assert brakes.reasons(but={"disk"}) == ()


def test_a_brake_is_told_once(brakes: Brakes, heard: Heard) -> None:
    """A reason that stays must make one line, not one a second."""
    for second in range(5):
        brakes.spool_failed("no space", float(second))
    brakes.release("spool")
    brakes.release("spool")
    assert heard.events == [("braked", "spool"), ("unbraked", "spool")]
