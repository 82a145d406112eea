"""What a worker is told of its one job.

Purpose: ``order_for`` turns a record and its effective options into the ``Order`` of the wire.
Guarantees: paths are absolute; ``relief`` of an earlier failure is applied here and nowhere
else (a smaller beam after memory ran out).
"""

from runner.config import Settings
from runner.job.record import JobRecord
from runner.job.wire import Order
from runner.options import JobOptions
from runner.spool import Held

RELIEF_BEAM = 1


def relieved(options: JobOptions, record: JobRecord) -> JobOptions:
    """Return the options with what an earlier failure asks for."""
    if record.relief == "beam":
        return options.model_copy(update={"beam_size": RELIEF_BEAM, "best_of": RELIEF_BEAM})
    return options


def order_for(held: Held, options: JobOptions, attempt: int, settings: Settings) -> Order:
    """Return the order for ``attempt`` of a leased job."""
    record = held.record
    source = held.source
    chosen = relieved(options, record).model_dump(exclude={"formats"}, mode="json")
    return Order(
        job=held.id,
        attempt=attempt,
        source=str(source),
        attempt_dir=str(held.attempt_dir(attempt)),
        source_name=record.name.text,
        source_size=source.lstat().st_size,
        expected_sha256=record.expected_sha256,
        options=chosen,
        formats=tuple(options.formats),
        timeout_seconds=options.job_timeout_seconds,
        kill_grace_seconds=settings.kill_grace_seconds,
        max_audio_seconds=options.max_audio_seconds or settings.max_audio_seconds,
        facts=_facts(record, attempt),
    )


def _facts(record: JobRecord, attempt: int) -> dict[str, object]:
    facts: dict[str, object] = {
        "attempts": attempt, "claimed_at": record.claimed_at, "notes": list(record.notes),
    }  # fmt: skip
    if record.upload_id:
        facts["upload_id"] = record.upload_id
    if record.upload:
        facts["upload"] = record.upload
    return facts
