"""``show``: everything that is known of one job."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.chosen import EVERYWHERE, Chosen, Json, takes
from runner.cli.front import Unanswered
from runner.cli.jobs import WORDS, one
from runner.cli.screen import duration, instant, say, say_json, size
from runner.job.exits import CommandExit
from runner.job.states import State

if TYPE_CHECKING:
    from runner.job.end import EndRecord
    from runner.job.record import Attempt, JobRecord
    from runner.spool import Layout
    from runner.telemetry.status import Running

TAIL_LINES = 40
TOLD = ("warnings", "partial", "language", "audio_seconds")
"""What programs are told of what the worker made."""
Facts = Iterator[tuple[str, str]]
"""Labels and what is said; lines without anything to say are left out."""


@takes(*EVERYWHERE)
def show(
    chosen: Chosen,
    job: Annotated[
        str, typer.Argument(metavar="ID", help="A job's id, its start, or an upload's.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Show one job: its attempts, reasons, outputs and the log's tail."""
    from runner import spool
    from runner.cli.view import everyone, reports, running_now

    state, job = one(chosen.layout, job)
    record = spool.read(chosen.layout, state, job)
    if isinstance(record, spool.Damaged):
        raise Unanswered(record.sentence)
    if record is None:
        raise Unanswered(f"{job}: it has moved meanwhile; try again", CommandExit.BUSY)
    if as_json:
        end = _end(chosen.layout, record, state)
        told = end.model_dump(mode="json", include=set(TOLD)) if end else None
        say_json({"state": state.value, **record.model_dump(mode="json"), "end": told})
        return
    run = running_now(reports(everyone(chosen.layout, chosen.settings)), job)
    _say(_job(record, state, run))
    _say(_result(chosen.layout, record, state))
    for attempt in record.attempts:
        say()
        _say(_attempt(attempt))
    if record.log_tail:
        say("\nthe worker's last words:".strip("\n"))
    for line in record.log_tail.splitlines()[-TAIL_LINES:]:
        say(f"  {line}")


def _say(facts: Facts) -> None:
    for label, value in facts:
        if value:
            say(f"{label + ':':<14}{value}")


def _job(record: "JobRecord", state: State, run: "Running | None") -> Facts:
    yield "job", record.id
    yield "name", record.name.text
    yield "folder", record.folder.text
    yield "state", WORDS[state]
    yield "upload", record.upload or record.upload_id or ""
    yield "size", size(record.size)
    yield "claimed", f"{instant(record.claimed_at)} by {record.runner or 'hand'}"
    accepted = record.accepted or (run and run.accepted)
    yield "accepted", "yes, synced to disk" if accepted else "not yet"
    if run:
        left = "" if run.eta_seconds is None else f", {duration(run.eta_seconds)} left"
        yield "progress", f"{run.progress:.0%}{left}, {run.phase}"
    yield "finished", instant(record.finished_at)
    if state is State.DEFERRED and record.deferred_at is not None:
        yield "due", instant(record.deferred_at + record.delay)
    for key, value in record.options.items():
        yield "option", f"{key} = {json.dumps(value, ensure_ascii=False)}"
    yield "options from", ", ".join(record.option_sources)
    if record.reason and state is not State.DONE:
        yield "reason", f"{record.reason.text} ({record.reason.code})"
    yield from (("note", note) for note in record.notes)


def _result(layout: "Layout", record: "JobRecord", state: State) -> Facts:
    if record.notice and state is State.FAILED:
        yield "notice", str(layout.outbox / record.notice.name.text)
    if state is not State.DONE:
        return
    for delivery in record.deliveries:
        skipped = " (not delivered: the name was taken)" if delivery.how == "skipped" else ""
        yield "output", f"{layout.outbox / delivery.name.text}{skipped}"
    end = _end(layout, record, state)
    if end is None:
        return
    yield "language", end.language
    pace = end.audio_seconds / end.wall_seconds if end.wall_seconds else 0.0
    heard, worked = duration(end.audio_seconds), duration(end.wall_seconds)
    yield "work", f"{heard} of audio in {worked} ({pace:.1f} x real time)"
    yield "made by", f"{end.engine} {end.model} on {end.device}".strip()
    yield from (("warning", warning) for warning in end.warnings)


def _end(layout: "Layout", record: "JobRecord", state: State) -> "EndRecord | None":
    """Return what the worker of a delivered job said of its results."""
    from runner.job.end import END_NAME, MAX_END_BYTES, EndRecord
    from runner.job.errors import DamagedRecord

    if state is not State.DONE:
        return None
    path = layout.job_dir(state, record.id) / f"attempt-{record.publishing}" / END_NAME
    try:
        with path.open("rb") as file:
            return EndRecord.from_json(file.read(MAX_END_BYTES))
    except (OSError, DamagedRecord):
        return None


def _attempt(attempt: "Attempt") -> Facts:
    counts = "" if attempt.charged else " (not counted)"
    over = attempt.ended_at is not None
    yield (
        f"attempt {attempt.number}",
        f"{attempt.outcome or 'ended'}{counts}" if over else "running",
    )
    place = (attempt.engine, attempt.model, attempt.device, attempt.how)
    yield "  with", " ".join(filter(None, place))
    yield "  started", instant(attempt.started_at)
    if over:
        yield "  ended", _ended(attempt)
    yield "  reason", attempt.reason
    yield "  cage", ", ".join(attempt.cage)


def _ended(attempt: "Attempt") -> str:
    how = ""
    if attempt.signal:
        how = f", signal {attempt.signal}"
    elif attempt.exit_code is not None:
        how = f", exit status {attempt.exit_code}"
    memory = f", {size(attempt.peak_memory_bytes)} at most" if attempt.peak_memory_bytes else ""
    return f"{instant(attempt.ended_at)} after {duration(attempt.wall_seconds)}{how}{memory}"
