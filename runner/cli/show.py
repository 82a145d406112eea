"""``show``: everything that is known of one job."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.cli.jobs import Unanswered, one
from runner.cli.screen import duration, instant, say, size
from runner.job.errors import DamagedRecord
from runner.job.exits import CommandExit
from runner.job.printable import printable
from runner.job.record import Attempt, JobRecord
from runner.job.states import State

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.job.end import EndRecord
    from runner.spool import Layout

TAIL_LINES = 40
WORDS = {
    State.ACTIVE: "running",
    State.DEFERRED: "waiting for its next attempt",
    State.DONE: "done",
    State.FAILED: "failed",
}


def show(chosen: "Chosen", text: str, *, as_json: bool) -> CommandExit:
    """Print one job."""
    from runner import spool

    layout = chosen.layout
    state, job = one(layout, text)
    record = spool.read(layout, state, job)
    if isinstance(record, spool.Damaged):
        raise DamagedRecord(record.sentence)
    if record is None:
        raise Unanswered(f"{job}: it has moved meanwhile; try again", CommandExit.BUSY)
    if as_json:
        facts = {"state": state.value, **record.model_dump(mode="json")}
        say(json.dumps(facts, ensure_ascii=False, indent=1))
        return CommandExit.OK
    lines = [*_head(record, state), *_result(layout, record, state), *_attempts(record)]
    for line in (*lines, *_log(record)):
        say(line)
    return CommandExit.OK


def _head(record: JobRecord, state: State) -> Iterator[str]:
    yield from _fact("job", record.id)
    yield from _fact("name", record.name.text)
    yield from _fact("folder", record.folder.text)
    yield from _fact("state", WORDS[state])
    yield from _fact("upload", record.upload or record.upload_id or "")
    yield from _fact("size", size(record.size))
    yield from _fact("claimed", f"{instant(record.claimed_at)} by {record.runner or 'hand'}")
    yield from _fact("accepted", "yes, synced to disk" if record.accepted else "not yet")
    yield from _fact("finished", instant(record.finished_at))
    if state is State.DEFERRED and record.deferred_at is not None:
        yield from _fact("due", instant(record.deferred_at + record.delay))
    for key, value in record.options.items():
        yield from _fact("option", f"{key} = {json.dumps(value, ensure_ascii=False)}")
    yield from _fact("options from", ", ".join(record.option_sources))
    if record.reason and state is not State.DONE:
        yield from _fact("reason", f"{record.reason.text} ({record.reason.code})")
    for note in record.notes:
        yield from _fact("note", note)


def _fact(label: str, value: str) -> Iterator[str]:
    if value:
        yield f"{label + ':':<14}{printable(value)}"


def _result(layout: "Layout", record: JobRecord, state: State) -> Iterator[str]:
    for delivery in record.deliveries if state is State.DONE else ():
        skipped = " (not delivered: the name was taken)" if delivery.how == "skipped" else ""
        yield from _fact("output", f"{layout.outbox / delivery.name.text}{skipped}")
    if record.notice and state is State.FAILED:
        yield from _fact("notice", str(layout.outbox / record.notice.name.text))
    end = _end(layout, record, state)
    if end:
        ratio = end.audio_seconds / end.wall_seconds if end.wall_seconds else 0
        yield from _fact("language", end.language)
        pace = f"{duration(end.audio_seconds)} of audio in {duration(end.wall_seconds)}"
        yield from _fact("work", f"{pace} ({ratio:.1f} x real time)")
        yield from _fact("made by", f"{end.engine} {end.model} on {end.device}".strip())
        for warning in end.warnings:
            yield from _fact("warning", warning)


def _end(layout: "Layout", record: JobRecord, state: State) -> "EndRecord | None":
    """Read what the worker said at its end, of a job that is done."""
    from runner.job.end import END_NAME, MAX_END_BYTES, EndRecord

    if state is not State.DONE:
        return None
    path = layout.job_dir(state, record.id) / f"attempt-{record.publishing}" / END_NAME
    try:
        with path.open("rb") as file:
            return EndRecord.from_json(file.read(MAX_END_BYTES))
    except (OSError, DamagedRecord):
        return None


def _attempts(record: JobRecord) -> Iterator[str]:
    for attempt in record.attempts:
        yield ""
        yield f"attempt {attempt.number}: {_course(attempt)}"
        place = " ".join(filter(None, (attempt.engine, attempt.model, attempt.device, attempt.how)))
        yield from _fact("  with", place)
        yield from _fact("  started", instant(attempt.started_at))
        if attempt.ended_at is not None:
            yield from _fact("  ended", _ended(attempt))
        yield from _fact("  reason", attempt.reason)
        yield from _fact("  cage", ", ".join(attempt.cage))


def _course(attempt: Attempt) -> str:
    if attempt.ended_at is None:
        return "running"
    counts = "" if attempt.charged else " (not counted)"
    return f"{attempt.outcome or 'ended'}{counts}"


def _ended(attempt: Attempt) -> str:
    how = ""
    if attempt.signal:
        how = f", signal {attempt.signal}"
    elif attempt.exit_code is not None:
        how = f", exit status {attempt.exit_code}"
    memory = f", {size(attempt.peak_memory_bytes)} at most" if attempt.peak_memory_bytes else ""
    return f"{instant(attempt.ended_at)} after {duration(attempt.wall_seconds)}{how}{memory}"


def _log(record: JobRecord) -> Iterator[str]:
    lines = record.log_tail.splitlines()[-TAIL_LINES:]
    if lines:
        yield ""
        yield "the worker's last words:"
    yield from (f"  {printable(line)}" for line in lines)
