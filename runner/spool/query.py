"""Looking without touching: what status and the command line see.

Purpose: ids, records and counts of each state, ``find`` by id, prefix or upload.
Limits: takes no lease, so a job may have moved by the time the answer is read.
"""

import os
from collections.abc import Iterator

from runner.job.ids import is_id
from runner.job.record import JobRecord
from runner.job.states import HELD_STATES, State
from runner.spool.faults import ours
from runner.spool.layout import RECORD, Layout
from runner.spool.lease import Damaged, read_record

MIN_PREFIX = 4


def list_ids(layout: Layout, state: State) -> list[str]:
    """Return the ids of ``state``, oldest first."""
    folder = layout.of(state)
    with ours(f"{folder}: can't be listed"), os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if is_id(entry.name))


def counts(layout: Layout) -> dict[str, int]:
    """Return how many jobs are in each state, by the folder's name."""
    return {state.value: len(list_ids(layout, state)) for state in HELD_STATES}


def read(layout: Layout, state: State, job: str) -> JobRecord | Damaged | None:
    """Read a job's record; None when it is not in ``state``."""
    path = layout.job_dir(state, job)
    record = read_record(path)
    if record is None and path.is_dir():
        return Damaged(job, f"{path}: has no {RECORD}")
    return record


def where(layout: Layout, job: str) -> State | None:
    """Return the state of ``job``; looked for twice, as it may move meanwhile."""
    for state in HELD_STATES * 2:
        if layout.job_dir(state, job).is_dir():
            return state
    return None


def find(layout: Layout, text: str) -> list[tuple[State, str]]:
    """Return the jobs that ``text`` means: an id, an upload id, ``<form>/<k>``, or a prefix.

    More than one answer means that the prefix, or the form, has several.
    """
    if is_id(text):
        state = where(layout, text)
        return [(state, text)] if state else []
    by_upload = list(_by_upload(layout, text))
    if by_upload or len(text) < MIN_PREFIX:
        return by_upload
    return [(s, job) for s, job in _everything(layout) if job.startswith(text.lower())]


def _everything(layout: Layout) -> Iterator[tuple[State, str]]:
    for state in HELD_STATES:
        for job in list_ids(layout, state):
            yield state, job


def _by_upload(layout: Layout, text: str) -> Iterator[tuple[State, str]]:
    """Yield the jobs whose record names ``text``; only those are parsed."""
    needle = text.encode("utf-8", "surrogateescape")
    for state, job in _everything(layout):
        try:
            raw = (layout.job_dir(state, job) / RECORD).read_bytes()
        except OSError:
            continue
        if needle in raw:
            record = read(layout, state, job)
            if isinstance(record, JobRecord) and text in {record.upload_id, record.upload}:
                yield state, job
