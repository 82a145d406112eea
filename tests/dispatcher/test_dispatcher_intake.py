"""After the claim: a file that is not yet what it will be."""

from types import SimpleNamespace
from typing import Any

from runner.config import Settings
from runner.dispatcher.intake import Intake
from tests.spool.world import World


def intake(world: World, **settings: Any) -> Intake:
    """An intake as far as a claimed file needs it."""
    rooms: Any = SimpleNamespace(settings=Settings(spool=world.layout.root, **settings))
    judge: Any = None
    return Intake(rooms, judge)


def test_a_file_that_grew_is_looked_at_again(world: World) -> None:
    """Each growth since the last look must put the job off once more; then it may run."""
    held = world.claim()
    one = intake(world)
    assert not one.rewritten(held)
    with held.source.open("a") as file:
        file.write(" and more sound")
    assert one.rewritten(held)
    assert held.record.size == held.source.stat().st_size
    assert not one.rewritten(held)


def test_a_writer_keeps_it_waiting(world: World) -> None:
    """While somebody has it open for writing a claimed file must not be worked on."""
    held = world.claim()
    with held.source.open("a"):
        assert intake(world).rewritten(held)
    assert not intake(world).rewritten(held)


def test_a_file_that_outgrew_the_limit_is_refused(world: World) -> None:
    """``max_upload_bytes`` must hold for what a file has become, too."""
    held = world.claim(text="sound " * 100)
    limited = intake(world, max_upload_bytes=100)
    reason = limited.too_large(held.record)
    assert reason
    assert reason.code == "too_large"
    assert intake(world).too_large(held.record) is None
