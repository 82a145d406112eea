"""Exit codes: the worker's reserved ones and the command line's documented ones.

Purpose: one number, one meaning, on both sides of the process boundary.
Source: the numbers follow BSD ``sysexits.h`` where it has a word for it.
"""

from enum import IntEnum


class WorkerExit(IntEnum):
    """What a worker's exit code says. Anything else is a crash."""

    DONE = 0
    REFUSED = 65
    """EX_DATAERR: the recording is at fault; the reason went over the socket."""
    ENGINE = 69
    """EX_UNAVAILABLE: engine, model or device can't be had."""
    MEMORY = 71
    """EX_OSERR: out of memory, seen by the engine itself (CUDA, MemoryError)."""
    SPOOL = 74
    """EX_IOERR: ENOSPC, EDQUOT, EIO, EMFILE on our spool; refunded."""
    ORPHAN = 75
    """EX_TEMPFAIL: the daemon went away."""


class CommandExit(IntEnum):
    """What ``whisper-spool`` returns to the shell."""

    OK = 0
    FAILED = 1
    """The command ran and the answer is no: unhealthy, a job failed, something was buried."""
    USAGE = 2
    """Bad arguments, a bad setting, a bad file; the sentence names it."""
    LATER = 3
    """``run --once``: some jobs wait for later. ``submit --wait``: the time was up first."""
    BUSY = 4
    """Somebody else holds it: another runner of this name, a job's lease."""
    ABSENT = 5
    """No such job."""
