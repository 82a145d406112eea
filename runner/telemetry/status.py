"""The status file: what a runner says of itself every ``heartbeat_seconds``.

Purpose: ``Snapshot``, ``write_status(path, snapshot)``, ``read_status(path)``.
Guarantees: a reader sees one whole snapshot; a reader older or newer than the writer ignores
keys it does not know.
Limits: a hint, not a record: written by rename but not synced, and true only as of
``heartbeat``. Whoever needs the truth about a job reads its ``job.json``.
Diagnostics: ``write_status`` lets ``OSError`` pass; ``read_status`` returns None for a file
that is missing, unreadable or damaged.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runner import durable

STATUS_NAME = "status.json"
READABLE = 0o644
"""Status and metrics are for others to read; the folder says who may come near."""

Condition = Literal["starting", "running", "paused", "braked", "draining", "stopped"]


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Running(_Seen):
    """One job in a worker. ``eta_seconds`` None: not known yet."""

    id: str
    name: str
    folder: str = ""
    """Of the inbox, relative; printable, as the name is."""
    attempt: int = 1
    accepted: bool = False
    """Its recording is synced; the record says so once the attempt has ended."""
    phase: str = ""
    progress: float = 0.0
    """0 to 1 over the whole job."""
    audio_seconds: float | None = None
    elapsed_seconds: float = 0.0
    eta_seconds: float | None = None
    pid: int | None = None
    device: str = ""


class WaitingFile(_Seen):
    """A file in the inbox that is not claimed yet, and why."""

    name: str
    """Its printable path in the inbox, with the name that a person gave it."""
    path: str = ""
    """Where it lies, printable, if that is not what ``name`` says."""
    why: str = ""


class Troubled(_Seen):
    """Something a person has to mend: what, the fault, the cure.

    ``blocking`` makes health red (a folder's options are wrong, so everything in it waits);
    otherwise it is listed only (one file that can't be claimed).
    """

    path: str
    sentence: str
    cure: str = ""
    blocking: bool = False


class ModelPull(_Seen):
    """A model on its way; files wait meanwhile."""

    model: str
    percent: float | None = None


class WatcherSeen(_Seen):
    """How new files are noticed. ``why`` explains polling."""

    mode: Literal["events", "poll"] = "events"
    healthy: bool = True
    why: str = ""


class Totals(_Seen):
    """Counters since this runner started; the metrics are made of them."""

    claimed: int = 0
    published: int = 0
    deferred: int = 0
    recovered: int = 0
    readmitted: int = 0
    buried: dict[str, int] = Field(default_factory=dict)
    """By reason code."""
    attempts: dict[str, int] = Field(default_factory=dict)
    """Ended attempts by outcome."""
    workers_killed: dict[str, int] = Field(default_factory=dict)
    """By cause."""
    templates_started: int = 0
    audio_seconds: float = 0.0
    work_seconds: float = 0.0


class Snapshot(_Seen):
    """Everything a runner says of itself. Times are wall-clock seconds, sizes bytes."""

    runner: str
    pid: int
    version: str
    started_at: float
    heartbeat: float
    heartbeat_seconds: float = 2.0
    state: Condition = "running"
    reasons: tuple[str, ...] = ()
    """Sentences, each of which makes health red."""
    notes: tuple[str, ...] = ()
    """Sentences worth knowing that are no fault."""
    watcher: WatcherSeen = WatcherSeen()
    engine: str = ""
    model: str = ""
    device: str = ""
    device_why: str = ""
    slots: int = 0
    template: str = ""
    """``none``, ``starting``, ``ready``, ``failed``."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Jobs by state; the inbox counts under ``inbox``."""
    running: tuple[Running, ...] = ()
    waiting: tuple[WaitingFile, ...] = ()
    """The first of the inbox, in order; ``counts["inbox"]`` has the number of all."""
    troubled: tuple[Troubled, ...] = ()
    model_pull: ModelPull | None = None
    free_bytes: int | None = None
    min_free_bytes: int = 0
    last_success_at: float | None = None
    last_failure_at: float | None = None
    totals: Totals = Totals()


def write_status(path: Path, snapshot: Snapshot) -> None:
    """Replace the status file at ``path``."""
    data = snapshot.model_dump_json(exclude_defaults=True).encode() + b"\n"
    durable.write_hint(path, data, mode=READABLE)


def read_status(path: Path) -> Snapshot | None:
    """Return the snapshot at ``path``, or None when there is none to read."""
    try:
        return Snapshot.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
