"""From an exception to a confession and a reserved exit code.

Purpose: ``confess(error)`` -> ``Fault``. Total: anything unknown is a crash with its reason.
Source: torch says out of memory by ``RuntimeError`` subclasses and, on MPS, by plain ones with
those words; whisper and PyAV let ``OSError`` through.
"""

import errno
from dataclasses import dataclass

from runner.job.errors import PASSING, EngineError, MediaError, SpoolError
from runner.job.exits import WorkerExit
from runner.job.outcomes import OutcomeKind

CRASHED = 1
MAX_REASON = 2000


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is said, and the exit code after it."""

    exit_code: int
    kind: OutcomeKind
    reason: str
    code: str = ""
    foreign: bool = False


def confess(error: BaseException) -> Fault:
    """Return what ``error`` means."""
    reason = _words(error)
    if isinstance(error, MediaError):
        return Fault(
            exit_code=WorkerExit.REFUSED, kind=OutcomeKind.REFUSED, reason=reason, code=error.code
        )
    if _is_memory(error):
        foreign = bool(getattr(error, "foreign", False))
        return Fault(
            exit_code=WorkerExit.MEMORY, kind=OutcomeKind.OVER_MEMORY, reason=reason,
            foreign=foreign,
        )  # fmt: skip
    if isinstance(error, EngineError):
        return Fault(exit_code=WorkerExit.ENGINE, kind=OutcomeKind.ENGINE_FAILED, reason=reason)
    if _is_spool(error):
        return Fault(exit_code=WorkerExit.SPOOL, kind=OutcomeKind.SPOOL_ERROR, reason=reason)
    name = type(error).__name__
    return Fault(exit_code=CRASHED, kind=OutcomeKind.CRASHED, reason=f"{name}: {reason}", code=name)


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and "out of memory" in str(error).lower()


def _is_spool(error: BaseException) -> bool:
    return isinstance(error, SpoolError) or (isinstance(error, OSError) and error.errno in PASSING)


def _words(error: BaseException) -> str:
    """Return the error's own words in one line, never empty."""
    words = " ".join(str(error).split())[:MAX_REASON]
    if isinstance(error, MemoryError) and not words:
        return "out of memory"
    return words or type(error).__name__
