"""``health``: is the runner well? For supervisors, containers, and people in a hurry."""

from typing import TYPE_CHECKING

from runner.cli.chosen import EVERYWHERE, Chosen, Json, takes
from runner.cli.screen import say, say_json
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from runner.telemetry.health import Health


@takes(*EVERYWHERE, "runner_name")
def health(chosen: Chosen, *, as_json: Json = False) -> int:
    """Exit 0 if the runner is well, else 1 with the reasons."""
    verdict = judged(chosen)
    if as_json:
        say_json(verdict._asdict())
    else:
        say("healthy" if verdict.ok else "not healthy")
        for sentence in verdict.reasons:
            say(f"- {sentence}")
        for sentence in verdict.warnings:
            say(f"- {sentence}" if verdict.ok else f"- also: {sentence}")
    return CommandExit.OK if verdict.ok else CommandExit.FAILED


def judged(chosen: Chosen) -> "Health":
    """Judge the runner that the settings name."""
    from runner.cli.view import seen
    from runner.telemetry.health import Health

    if not chosen.layout.run.is_dir():
        return Health(ok=False, reasons=(f"there is no spool at {chosen.layout.root}",))
    return seen(chosen.layout, chosen.settings, chosen.settings.runner_name).health
