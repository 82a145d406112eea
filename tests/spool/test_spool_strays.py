"""Strays: who holds a lease that should be free."""

from runner import spool
from runner.job.states import State
from tests import needs
from tests.spool.world import NOW, World, child_with

pytestmark = needs.linux()


def test_holders_are_found_by_the_directory_itself(world: World) -> None:
    """Who has the directory open must be named, also after it was renamed; we are not."""
    held = world.claim()
    process = child_with(held.fd)
    try:
        spool.defer(held, delay=0, now=NOW)
        assert spool.holders(world.layout, State.DEFERRED, held.id) == [process.pid]
        assert spool.holders(world.layout, State.ACTIVE, held.id) == []
    finally:
        process.communicate()
    assert spool.holders(world.layout, State.DEFERRED, held.id) == []
