"""``health``: is the runner well? For supervisors, containers, and people in a hurry."""

import json
import time
from typing import TYPE_CHECKING

from runner.cli.screen import say
from runner.job.exits import CommandExit
from runner.job.printable import printable

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.telemetry.health import Health


def health(chosen: "Chosen", *, as_json: bool) -> CommandExit:
    """Print the verdict; exit 0 or 1."""
    verdict = judged(chosen, chosen.settings.runner_name)
    if as_json:
        say(json.dumps(verdict._asdict(), ensure_ascii=False))
    else:
        say("healthy" if verdict.ok else "not healthy")
        for sentence in verdict.reasons:
            say(f"- {printable(sentence)}")
        for sentence in verdict.warnings:
            say(f"- {printable(sentence)}" if verdict.ok else f"- also: {printable(sentence)}")
    return CommandExit.OK if verdict.ok else CommandExit.FAILED


def judged(chosen: "Chosen", runner: str) -> "Health":
    """Judge one runner of the spool."""
    from runner import spool
    from runner.telemetry.health import Health, judge
    from runner.telemetry.status import STATUS_NAME, read_status

    layout = chosen.layout
    if not layout.run.is_dir():
        return Health(ok=False, reasons=(f"there is no spool at {layout.root}",))
    held = spool.runner_alive(layout, runner)
    snapshot = read_status(layout.run / runner / STATUS_NAME)
    stale = chosen.settings.stale_seconds
    return judge(snapshot, now=time.time(), stale_seconds=stale, lock_held=held)
