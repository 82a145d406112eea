"""``status``: what waits, runs and failed, as tables or as JSON.

Guarantees: changes nothing. In a pipe the tables are plain lines, and nothing is cut.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.cli.jobs import standing
from runner.cli.screen import console, say
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.cli.view import View
    from runner.job.record import JobRecord

ROWS = 20
JSON_ROWS = 200


def status(chosen: "Chosen", *, as_json: bool, watch: bool, interval: float) -> CommandExit:
    """Print once, or until Ctrl-C."""
    from runner.cli.view import look

    layout, settings = standing(chosen.layout), chosen.settings

    def see() -> "View":
        return look(layout, settings, limit=JSON_ROWS if as_json else ROWS)

    if not watch:
        _print(see(), as_json=as_json)
        return CommandExit.OK
    with suppress(KeyboardInterrupt):  # how one stops watching
        _watch(see, interval, as_json=as_json)
    return CommandExit.OK


def _print(view: "View", *, as_json: bool, line: bool = False) -> None:
    if as_json:
        say(json.dumps(as_object(view), ensure_ascii=False, indent=None if line else 1))
    else:
        from runner.cli.tables import sheet

        console().print(sheet(view))


def _watch(see: Callable[[], "View"], interval: float, *, as_json: bool) -> None:
    screen = console()
    if as_json or not screen.is_terminal:
        while True:
            _print(see(), as_json=as_json, line=True)
            time.sleep(interval)
    from rich.live import Live

    from runner.cli.tables import sheet

    with Live(sheet(see()), console=screen, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(interval)
            live.update(sheet(see()), refresh=True)


def as_object(view: "View") -> dict[str, Any]:
    """Return the view for programs."""
    runners = [
        {
            "name": seen.name,
            "alive": seen.alive,
            "healthy": seen.health.ok,
            "reasons": seen.health.reasons,
            "warnings": seen.health.warnings,
            "status": seen.snapshot.model_dump(mode="json") if seen.snapshot else None,
        }
        for seen in view.runners
    ]
    return {
        "version": 1,
        "now": view.now,
        "spool": str(view.root),
        "paused": view.paused,
        "counts": view.counts,
        "runners": runners,
        "running": [job.model_dump(mode="json") for job in view.running],
        "waiting": [file.model_dump(mode="json") for file in view.waiting],
        "deferred": [job_object(record) for record in view.deferred],
        "failed": [job_object(record) for record in view.failed],
        "damaged": view.damaged,
    }


def job_object(record: "JobRecord") -> dict[str, Any]:
    """Return the chief facts of a waiting or failed job for programs."""
    last = record.attempts[-1] if record.attempts else None
    due = None if record.deferred_at is None else record.deferred_at + record.delay
    return {
        "id": record.id,
        "name": record.name.text,
        "folder": record.folder.text,
        "upload_id": record.upload_id,
        "upload": record.upload,
        "claimed_at": record.claimed_at,
        "finished_at": record.finished_at,
        "due_at": due,
        "attempts": len(record.attempts),
        "charged": record.charged,
        "outcome": last.outcome if last else "",
        "code": record.reason.code if record.reason else "",
        "reason": record.reason.text if record.reason else (last.reason if last else ""),
    }
