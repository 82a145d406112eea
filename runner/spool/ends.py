"""Is an attempt's END valid? Only that is published, whatever the exit code said.

Purpose: ``valid_end`` for the verdict, ``read_end`` for what was believed before.
Guarantees: a valid END names this job and attempt, and each rendering is a regular file of our
own user with one name, and has the size and sha256 that the record says. No symbolic link is
followed, no FIFO is waited for, and a record over a megabyte is none.
Diagnostics: a string is the reason why it does not hold.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from runner import durable
from runner.job.end import END_NAME, MAX_END_BYTES, EndRecord, RenderingEntry
from runner.job.errors import DamagedRecord
from runner.spool.lease import Held

CHUNK = 1024 * 1024


def read_end(held: Held, attempt: int) -> EndRecord | str:
    """Parse the END of ``attempt``; the renderings are not looked at."""
    try:
        with _folder(held, attempt) as folder:
            return _parse(held, attempt, folder)
    except OSError as error:
        return f"no END record ({error.strerror or error})"


def valid_end(held: Held, attempt: int) -> EndRecord | str:
    """Return the END of ``attempt`` if it holds, else the reason why it does not."""
    try:
        with _folder(held, attempt) as folder:
            end = _parse(held, attempt, folder)
            if isinstance(end, str):
                return end
            faults = (_fault(folder, rendering) for rendering in end.renderings)
            return next((fault for fault in faults if fault), end)
    except OSError as error:
        return f"no END record ({error.strerror or error})"


@contextmanager
def _folder(held: Held, attempt: int) -> Iterator[int]:
    folder = durable.open_dir(held.attempt_dir(attempt))
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(name, flags, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)


def _parse(held: Held, attempt: int, folder: int) -> EndRecord | str:
    with _opened(folder, END_NAME) as fd:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return f"{END_NAME} is not a regular file"
        data = os.read(fd, MAX_END_BYTES + 1)
    if len(data) > MAX_END_BYTES:
        return f"{END_NAME} is over {MAX_END_BYTES} bytes"
    try:
        end = EndRecord.from_json(data)
    except DamagedRecord as error:
        return str(error)
    if (end.job, end.attempt) != (held.id, attempt):
        return f"{END_NAME} is of job {end.job}, attempt {end.attempt}"
    return end


def _fault(folder: int, rendering: RenderingEntry) -> str:
    """Return what is wrong with one rendering, or nothing."""
    try:
        with _opened(folder, rendering.file) as fd:
            facts = os.fstat(fd)
            if not stat.S_ISREG(facts.st_mode):
                return f"{rendering.file} is not a regular file"
            if facts.st_uid != os.geteuid() or facts.st_nlink != 1:
                return f"{rendering.file} is not ours alone"
            if facts.st_size != rendering.size:
                return f"{rendering.file} has {facts.st_size} bytes, END says {rendering.size}"
            if _digest(fd) != rendering.sha256:
                return f"{rendering.file} has not the sha256 that END says"
    except OSError as error:
        return f"{rendering.file} can't be read ({error.strerror or error})"
    return ""


def _digest(fd: int) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(fd, CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
