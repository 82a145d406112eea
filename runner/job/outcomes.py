"""What happened to an attempt: facts, never decisions.

Purpose: ``pool`` reports an ``Outcome``; ``verdict`` decides; ``spool`` moves.
Guarantees: frozen values; every way an attempt can end has exactly one kind.
"""

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """How an attempt ended."""

    END = "end"
    """A valid END record stands in the attempt's folder, whatever came after it."""
    REFUSED = "refused"
    """The recording itself is at fault; ``Outcome.code`` is a ``Refusal``."""
    CRASHED = "crashed"
    """A signal, a non-zero exit, exit 0 without END, or an END that does not hold."""
    OVER_MEMORY = "over_memory"
    OVERDUE = "overdue"
    STALLED = "stalled"
    SPOOL_ERROR = "spool_error"
    """Our own disk was at fault: full, I/O error, no descriptors."""
    ENGINE_FAILED = "engine_failed"
    """The engine can't load a configured model, there is no such device, or it has gone."""
    INTERRUPTED = "interrupted"
    """We broke it: drain, template death, daemon gone."""
    CANCELLED = "cancelled"


class Refusal(StrEnum):
    """Why a recording can never become a transcript as it is."""

    NOT_MEDIA = "not_media"
    NO_AUDIO = "no_audio"
    DAMAGED = "damaged"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    BAD_OPTIONS = "bad_options"
    CHECKSUM = "checksum"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not_a_file"
    BAD_UPLOAD = "bad_upload"
    """An upload form that announces what is not there, or is no form."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of one attempt.

    ``code`` refines the kind (a ``Refusal``, a signal name); ``reason`` is a sentence for
    people. ``foreign`` says that somebody else caused it (another process held the GPU's
    memory), so that nobody is charged. Seconds are monotonic durations, memory is bytes.
    """

    kind: OutcomeKind
    reason: str = ""
    code: str = ""
    exit_code: int | None = None
    signal: int | None = None
    foreign: bool = False
    accelerator: bool = False
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    log_tail: str = ""
