"""The runner's condition: what holds claims, and what is only told."""

from typing import Any

from runner.dispatcher.brakes import Brakes
from runner.dispatcher.clock import Moment
from runner.dispatcher.report import condition_of


class Mute:
    """A log that says nothing."""

    def __getattr__(self, _level: str) -> Any:
        return lambda *_words, **_facts: None


def test_braked_only_while_something_holds() -> None:
    """A brake that is over is told and holds nothing; the engine's lasts until a worker is up."""
    log: Any = Mute()
    brakes, now = Brakes(log), Moment(mono=100.0, wall=0.0)
    assert condition_of(brakes, now) == "running"
    brakes.set("model", "the model tiny can't be had", until=now.mono)  # nobody's in use
    assert condition_of(brakes, now) == "running"
    assert brakes.reasons() == ("the model tiny can't be had",)
    brakes.set("pull", "the model small is being fetched")
    assert condition_of(brakes, now) == "running"
    brakes.set("paused", "somebody wants it")
    assert condition_of(brakes, now) == "paused"
    brakes.set("disk", "it is full", until=now.mono + 1)
    assert condition_of(brakes, now) == "braked"
    brakes.release("disk")
    brakes.engine_failed("it does not load", now.mono - 1000)
    assert condition_of(brakes, now) == "braked"
