"""Leases: who may move a job.

Purpose: ``take`` a job, ``Held`` is a job that is ours to move.
Guarantees: the lease is a lock on the job directory's own descriptor; it survives renames and
is inherited by the worker. The record is read after the lock is taken, and only if the
directory is still the one that was locked. A lease is only ever *closed*, never unlocked: an
unlock would free the description that the worker shares.
Diagnostics: ``BUSY`` (somebody has it: look again), ``GONE``, ``Damaged`` are values.
Limits: flock; not promised on NFS, SMB and desktop container mounts.
"""

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import portalocker

from runner import durable
from runner.job.errors import DamagedRecord, SpoolError
from runner.job.record import JobRecord
from runner.job.states import Move, State, may_move
from runner.spool.faults import ours
from runner.spool.layout import RECORD, SOURCE, Layout

MAX_RECORD_BYTES = 4 * 1024 * 1024


class Untaken(Enum):
    """Why a job is not in hand."""

    BUSY = "busy"
    """Somebody holds its lease."""
    GONE = "gone"
    """It is not in that state, or no longer."""


BUSY: Literal[Untaken.BUSY] = Untaken.BUSY
GONE: Literal[Untaken.GONE] = Untaken.GONE


@dataclass(frozen=True)
class Damaged:
    """A job whose record does not parse; its directory is kept and listed."""

    id: str
    sentence: str


@dataclass
class Held:
    """A job whose lease we have. ``fd`` is the directory's own descriptor."""

    layout: Layout
    id: str
    state: State
    record: JobRecord
    fd: int

    @property
    def path(self) -> Path:
        """Where the job's directory is now."""
        return self.layout.job_dir(self.state, self.id)

    @property
    def source(self) -> Path:
        """The recording."""
        return self.path / SOURCE

    def attempt_dir(self, number: int) -> Path:
        """Return the folder of one attempt."""
        return self.path / f"attempt-{number}"

    def save(self, record: JobRecord) -> None:
        """Make ``record`` the record, durably; every name in the directory is synced with it."""
        with ours(f"{self.path}: the record can't be saved"):
            durable.write_atomic(self.path / RECORD, record.to_json())
        self.record = record

    def check(self, move: Move, target: State) -> None:
        """Refuse a move that is not on the table, or that turns a publish back."""
        if not may_move(move, self.state, target):
            raise SpoolError(f"{self.id}: {move} does not lead from {self.state} to {target}")
        if self.record.publishing and move in {Move.BURY, Move.DEFER}:
            raise SpoolError(f"{self.id}: is being published and can only go forward")
        if move is Move.REMOVE and self.state is State.ACTIVE and os.path.lexists(self.source):
            raise SpoolError(f"{self.id}: is active; cancel it first")

    def shift(self, move: Move, target: State, *, sync: bool = True) -> None:
        """Move the directory to ``target``: one rename. Asked twice it only syncs again."""
        if self.state is not target:
            self.check(move, target)
            with ours(f"{self.path}: can't be moved to {target}"):
                durable.replace(self.path, self.layout.job_dir(target, self.id))
            self.state = target
        if sync:
            with ours(f"{self.layout.of(target)}: can't be synced"):
                durable.sync_dir(self.layout.of(target))

    def close(self) -> None:
        """Let go of it; a worker that inherited the lease keeps it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def lock(fd: int) -> bool:
    """Lock ``fd`` without waiting; False when somebody else has it."""
    try:
        portalocker.lock(fd, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        raise SpoolError(f"this filesystem gives no locks ({error})") from error
    return True


def is_at(fd: int, path: Path) -> bool:
    """Return whether ``path`` still names the directory ``fd``."""
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False


def take(layout: Layout, state: State, job: str) -> Held | Untaken | Damaged:
    """Take the lease of ``job`` in ``state`` and read its record."""
    path = layout.job_dir(state, job)
    with ours(f"{path}: can't be opened"):
        try:
            fd = durable.open_dir(path)
        except FileNotFoundError:
            return GONE
    try:
        got = _locked(layout, state, job, fd)
    except BaseException:
        os.close(fd)
        raise
    if not isinstance(got, Held):
        os.close(fd)
    return got


def _locked(layout: Layout, state: State, job: str, fd: int) -> Held | Untaken | Damaged:
    if not lock(fd):
        return BUSY
    path = layout.job_dir(state, job)
    if not is_at(fd, path):
        return GONE
    found = read_record(path)
    if isinstance(found, JobRecord):
        return Held(layout, job, state, found, fd)
    return found or Damaged(job, f"{path}: has no {RECORD}")


def read_record(path: Path) -> JobRecord | Damaged | None:
    """Read the record of the job directory ``path``; None when there is none."""
    try:
        with (path / RECORD).open("rb") as file:
            data = file.read(MAX_RECORD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        with ours(f"{path / RECORD}: can't be read"):
            raise error from None
    try:
        record = JobRecord.from_json(data, where=str(path / RECORD))
    except DamagedRecord as error:
        return Damaged(path.name, str(error))
    if record.id != path.name:
        return Damaged(path.name, f"{path / RECORD}: is the record of {record.id}")
    return record
