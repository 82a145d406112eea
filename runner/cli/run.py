"""``run``: the daemon in the foreground, with its signals."""

from typing import TYPE_CHECKING

from runner.cli.signals import listening

if TYPE_CHECKING:
    from runner.config import Settings


def run(settings: "Settings", *, once: bool) -> int:
    """Run until stopped; ``once``: until out of work."""
    from runner import dispatcher

    with listening() as stop:
        return dispatcher.run(settings, stop=stop, once=once)
