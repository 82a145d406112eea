"""Where everything lies below the spool's root.

Purpose: ``Layout``, the only place that joins the names of the spool's folders.
"""

from dataclasses import dataclass
from pathlib import Path

from runner.job.states import State

RECORD = "job.json"
SOURCE = "source"


@dataclass(frozen=True)
class Layout:
    """The folders of one spool. A job's directory *is* its state."""

    root: Path

    @property
    def inbox(self) -> Path:
        """Strangers drop recordings here."""
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        """What they come back for."""
        return self.root / "outbox"

    @property
    def staging(self) -> Path:
        """Uploads in progress, job directories being built or removed."""
        return self.root / "staging"

    @property
    def active(self) -> Path:
        """Claimed jobs."""
        return self.of(State.ACTIVE)

    @property
    def deferred(self) -> Path:
        """Jobs that wait for their next attempt."""
        return self.of(State.DEFERRED)

    @property
    def done(self) -> Path:
        """Delivered jobs."""
        return self.of(State.DONE)

    @property
    def failed(self) -> Path:
        """Dead letters."""
        return self.of(State.FAILED)

    @property
    def run(self) -> Path:
        """Locks, status, the reserve."""
        return self.root / "run"

    @property
    def public(self) -> Path:
        """What the web page may read."""
        return self.run / "public"

    def of(self, state: State) -> Path:
        """Return the folder that holds the jobs of ``state``."""
        return self.root / state.value

    def job_dir(self, state: State, job: str) -> Path:
        """Return the directory of ``job`` in ``state``; in staging that is its trash name."""
        return self.of(state) / (f".trash-{job}" if state is State.TRASH else job)

    def building(self, job: str) -> Path:
        """Return where the directory of ``job`` is built before it is claimed."""
        return self.staging / f".{job}"
