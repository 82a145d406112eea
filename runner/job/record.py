"""The record of a job: ``job.json``, the only thing that is remembered about it.

Purpose: the nouns ``JobRecord``, ``Attempt``, ``Delivery``, ``Reason``.
Guarantees: frozen; parsing refuses what it does not know the version of; a name that is not
UTF-8 survives as replacement text plus base64 of its raw bytes.
Diagnostics: ``DamagedRecord`` for a record that does not parse; the file is kept.
"""

import base64
import os
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runner.job.errors import DamagedRecord

RECORD_VERSION = 1
KEPT_UNCHARGED = 50
"""How many old attempts that count for nothing a record keeps: the newest."""


class _Noun(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GivenName(_Noun):
    """A path element or relative path as a person gave it.

    ``text`` is printable UTF-8; ``raw`` is base64 of the bytes when they are not UTF-8.
    """

    text: str
    raw: str | None = None

    @classmethod
    def of(cls, name: str) -> "GivenName":
        """Wrap a name as ``os.listdir`` gives it (surrogates for undecodable bytes)."""
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            raw = os.fsencode(name)
            return cls(text=raw.decode("utf-8", "replace"), raw=base64.b64encode(raw).decode())
        return cls(text=name)

    def on_disk(self) -> str:
        """Return the name as the operating system knows it."""
        return os.fsdecode(base64.b64decode(self.raw)) if self.raw else self.text


class Reason(_Noun):
    """Why a job failed: a stable code for programs, a sentence for people."""

    code: str
    text: str


class Attempt(_Noun):
    """One run in one worker. ``ended_at`` is None while it runs. Wall-clock seconds."""

    number: int
    started_at: float
    ended_at: float | None = None
    runner: str = ""
    engine: str = ""
    model: str = ""
    device: str = ""
    how: str = ""
    """How the worker began: ``fork``, ``spawn`` or ``standby``."""
    alone: bool = False
    """No other job could run beside it, so a daemon's death is this job's doing."""
    charged: bool = True
    outcome: str = ""
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    cage: tuple[str, ...] = ()
    """What confined the worker, as it reported."""


class Delivery(_Noun):
    """One rendering's way into the outbox: planned first, then done.

    ``name`` is the outbox path (relative), ``rendering`` the file in ``attempt-N/``.
    """

    rendering: str
    name: GivenName
    sha256: str = ""
    inode: int = 0
    how: str = ""
    """``rename`` (never replaces), ``link`` (link + unlink), ``replace``, ``skipped``."""


class JobRecord(_Noun):
    """Everything known of a job. Rewritten atomically, only under the job's lease."""

    version: int = RECORD_VERSION
    id: str
    name: GivenName
    folder: GivenName = GivenName(text="")
    upload_id: str | None = None
    upload: str | None = None
    """``<form id>/<k>`` for a part that a form announced."""
    size: int = 0
    device: int = 0
    inode: int = 0
    ctime_ns: int = 0
    expected_sha256: str | None = None
    claimed_at: float = 0.0
    runner: str = ""
    accepted: bool = False
    """The source's data is synced: from here on the job can't be lost."""
    options: dict[str, Any] = Field(default_factory=dict)
    option_sources: tuple[str, ...] = ()
    sidecar: GivenName | None = None
    """A sidecar whose content is in ``options`` and that still has to be moved in."""
    sidecar_inode: int = 0
    """Which file that was: one that was dropped later belongs to a later recording."""
    notes: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    counted_from: int = 1
    """The first attempt number that counts: an operator's retry moves it."""
    suspect: bool = False
    relief: str = ""
    """What the next attempt does differently: ``cpu``, ``beam`` or nothing."""
    deferred_at: float | None = None
    delay: float = 0.0
    deliveries: tuple[Delivery, ...] = ()
    publishing: int = 0
    """The attempt whose renderings ``deliveries`` names; 0 before publish."""
    finished_at: float | None = None
    reason: Reason | None = None
    notice: Delivery | None = None
    log_tail: str = ""

    @property
    def charged(self) -> int:
        """How many attempts count against ``max_attempts``."""
        return sum(a.charged for a in self.attempts if a.number >= self.counted_from)

    @property
    def tried(self) -> int:
        """The number of the last attempt: how many there were, old ones that were dropped too."""
        return self.attempts[-1].number if self.attempts else 0

    @property
    def current(self) -> Attempt | None:
        """The attempt that has begun and not ended, if any."""
        last = self.attempts[-1] if self.attempts else None
        return last if last and last.ended_at is None else None

    def runs_of(self, *outcomes: str) -> int:
        """Count the charged attempts that ended with one of ``outcomes``."""
        counted = [a for a in self.attempts if a.charged and a.number >= self.counted_from]
        return sum(a.outcome in outcomes for a in counted)

    def but(self, **changes: Any) -> "JobRecord":  # noqa: ANN401 - mirrors model_copy
        """Return a copy with ``changes``."""
        return self.model_copy(update=changes)

    def with_attempt(self, attempt: Attempt) -> "JobRecord":
        """Return a copy in which ``attempt`` replaces the one of its number, or is added.

        Of those that don't count, uncharged or before a retry, the oldest are dropped: a job that
        is interrupted for ever must not grow its record for ever.
        """
        others = [a for a in self.attempts if a.number != attempt.number]
        idle = [a.number for a in others if not a.charged or a.number < self.counted_from]
        dropped = set(idle[:-KEPT_UNCHARGED])
        return self.but(attempts=(*(a for a in others if a.number not in dropped), attempt))

    def to_json(self) -> bytes:
        """Return the bytes of ``job.json``."""
        return self.model_dump_json(indent=1, exclude_defaults=True).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, *, where: str = "job.json") -> "JobRecord":
        """Parse ``job.json``; raise ``DamagedRecord`` naming ``where``."""
        try:
            record = cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the whole file"
            message = f"{where}: not a job record ({place}: {first['msg']})"
            raise DamagedRecord(message) from error
        if record.version != RECORD_VERSION:
            message = (
                f"{where}: record version {record.version}, this program knows {RECORD_VERSION}"
            )
            raise DamagedRecord(message)
        return record
