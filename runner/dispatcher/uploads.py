"""Which uploads have their jobs: asked for each part of a form at each look.

Purpose: ``Uploads.known(upload)``, an index over the records.
Guarantees: a record is read once in a daemon's life, however often it is asked; a folder is listed
again only if it has changed since, or so lately that its time could not tell. A job that has been
removed, or whose source never arrived, is not known.
Limits: holds the id of every job once a form has come.
"""

from runner import spool
from runner.dispatcher.clock import this_moment
from runner.job.record import JobRecord
from runner.job.states import HELD_STATES, State
from runner.spool import Layout

COARSE_SECONDS = 1.0
"""A folder changed within this may change again without its time saying so."""


class Uploads:
    """The index of one spool."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._seen: set[str] = set()
        self._jobs: dict[str, list[str]] = {}
        self._changed: dict[State, float] = {}

    def known(self, upload: str) -> bool:
        """Return whether a job that has its source, or had it once, carries ``upload``."""
        self._follow()
        return any(map(self._counts, self._jobs.get(upload, ())))

    def _counts(self, job: str) -> bool:
        state = spool.where(self._layout, job)
        if state is State.ACTIVE:
            return (self._layout.job_dir(state, job) / "source").exists()
        return state is not None

    def _follow(self) -> None:
        """Read the records of jobs that are new."""
        now = this_moment().wall
        for state in HELD_STATES:
            changed = self._layout.of(state).stat().st_mtime
            if changed == self._changed.get(state) and now - changed > COARSE_SECONDS:
                continue
            self._changed[state] = changed
            for job in spool.list_ids(self._layout, state):
                if job not in self._seen:
                    self._read(state, job)

    def _read(self, state: State, job: str) -> None:
        record = spool.read(self._layout, state, job)
        if record is None:
            return  # it has moved: the folder it went to tells
        self._seen.add(job)
        if isinstance(record, JobRecord) and record.upload:
            self._jobs.setdefault(record.upload, []).append(job)
