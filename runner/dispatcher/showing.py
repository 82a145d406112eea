"""What a report shows of files and jobs: values of the rooms below in telemetry's words."""

from collections.abc import Iterator

from runner import spool
from runner.inbox import Scan
from runner.job.entry import Entry
from runner.job.printable import printable
from runner.job.record import JobRecord
from runner.job.states import HELD_STATES, State
from runner.spool import Layout
from runner.telemetry.public import NEWEST, PublicJob
from runner.telemetry.status import Troubled, WaitingFile


def waiting_of(scan: Scan) -> tuple[WaitingFile, ...]:
    """Return the files that wait in the inbox, as the status file has them."""
    return (*map(_ready, scan.ready), *(WaitingFile(name=w.name, why=w.why) for w in scan.waiting))


def _ready(entry: Entry) -> WaitingFile:
    shown = "/".join(filter(None, (entry.folder, entry.display.text)))
    return WaitingFile(name=printable(shown), path=printable(str(entry.path)), why="ready")


def troubles_of(scan: Scan) -> tuple[Troubled, ...]:
    """Return what a person has to mend; a folder whose options are bad makes health red."""
    both = [(t, True) for t in scan.blocked_folders] + [(t, False) for t in scan.troubled]
    return tuple(
        Troubled(path=t.path, sentence=t.sentence, cure=t.cure, blocking=blocking)
        for t, blocking in both
    )


def public_jobs(layout: Layout) -> Iterator[PublicJob]:
    """Yield the newest jobs of all states for the page."""
    newest = sorted(
        ((job, state) for state in HELD_STATES for job in spool.list_ids(layout, state)),
        reverse=True,
    )
    for job, state in newest[:NEWEST]:
        record = spool.read(layout, state, job)
        if isinstance(record, JobRecord):
            yield _public_job(record, state)


def _public_job(record: JobRecord, state: State) -> PublicJob:
    due = None if record.deferred_at is None else record.deferred_at + record.delay
    return PublicJob(
        id=record.id,
        name=printable(record.name.text),
        state=state.value,
        upload_id=record.upload_id,
        upload=record.upload,
        folder=record.folder.text,
        claimed_at=record.claimed_at,
        finished_at=record.finished_at,
        attempt=record.tried,
        outputs=tuple(d.name.text for d in record.deliveries),
        reason=record.reason.text if record.reason else "",
        due_at=due if state is State.DEFERRED else None,
    )
