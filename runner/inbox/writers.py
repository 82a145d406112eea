"""Is somebody still writing to a file? The kernel knows: ask for a read lease.

Purpose: ``writing(fd)``; ``still_untouched`` and ``being_written`` for the time after the claim;
``leases_work`` for the start.
Guarantees: a lease is given back at once; it never delays a writer by more than microseconds.
Limits: Linux only, on file systems that have leases, for files of our own uid or with
CAP_LEASE; everywhere else the answer is UNKNOWN, and a longer quiet period has to do.
A free lease is necessary, not sufficient: an uploader may have died in the middle.
Source: fcntl(2) F_SETLEASE: refused with EAGAIN while the file is open for writing.
"""

import errno
import os
import signal
from contextlib import suppress
from enum import Enum
from pathlib import Path

from runner import durable
from runner.inbox.look import open_file
from runner.job.entry import Entry

try:
    import fcntl

    LEASES = hasattr(fcntl, "F_SETLEASE") and hasattr(fcntl, "F_SETSIG")
except ImportError:  # pragma: no cover - no POSIX
    LEASES = False


class Writing(Enum):
    """The kernel's answer."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


def writing(fd: int) -> Writing:
    """Return whether any process has the file of ``fd`` (open for reading) open for writing."""
    if not LEASES:
        return Writing.UNKNOWN
    try:
        # Who breaks a lease makes the kernel signal its holder. SIGIO's default is death;
        # SIGURG's is nothing, so that no program must remember to ignore it.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return Writing.YES if error.errno == errno.EAGAIN else Writing.UNKNOWN
    with suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Writing.NO


def leases_work(folder: Path, runner: str) -> bool:
    """Return whether a file of our own in ``folder``, that nobody writes to, can be leased.

    Network file systems answer as if somebody wrote for ever.
    """
    probe = folder / f".probe-{runner}.lease"
    durable.create(probe)
    try:
        with open_file(os.fspath(probe)) as fd:
            return writing(fd) is Writing.NO
    finally:
        durable.unlink(probe)


def still_untouched(entry: Entry, path: Path) -> bool:
    """Return whether ``path`` (after the claim) is what was tested and nobody writes to it."""
    try:
        with open_file(os.fspath(path)) as fd:
            return entry.unmoved(os.fstat(fd)) and writing(fd) is not Writing.YES
    except OSError:
        return False


def being_written(path: Path) -> bool:
    """Return whether somebody is known to have ``path`` open for writing."""
    try:
        with open_file(os.fspath(path)) as fd:
            return writing(fd) is Writing.YES
    except OSError:
        return False
