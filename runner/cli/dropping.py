"""Dropping one recording into the inbox: copy, sync, rename.

Guarantees: see ``submit``. The inode that is dropped is the inode that is claimed, so that the
job can be recognised whatever it is called.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from runner import durable
from runner.cli.jobs import Unanswered
from runner.cli.toml import table
from runner.job.printable import printable

CHUNK = 1024 * 1024
SHARED = 0o660
FOLDER = 0o2770
SIDECAR = ".toml"
TRIES = 1000


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A recording in the inbox, and how to know it again."""

    given: Path
    path: Path
    device: int
    inode: int
    size: int


def drop(source: Path, home: Path, options: Mapping[str, Any]) -> Dropped:
    """Copy ``source`` into the folder ``home`` of the inbox, with ``options`` beside it."""
    _make(home)
    with _draft(home) as draft, source.open("rb") as file:
        with draft.open("r+b") as copy:
            _copy(file, copy)
            durable.sync_file(copy.fileno())
            facts = os.fstat(copy.fileno())
        path = _name(draft, home / source.name, table(options).encode() if options else b"")
        durable.sync_dir(home)
    return Dropped(
        given=source, path=path, device=facts.st_dev, inode=facts.st_ino, size=facts.st_size
    )


def _make(home: Path) -> None:
    if not home.is_dir():
        _make(home.parent)
        durable.make_dir(home, FOLDER)


@contextmanager
def _draft(home: Path) -> Iterator[Path]:
    """Yield an empty file under a temporary name; what is left of it goes."""
    path = home / f".submit-{secrets.token_hex(8)}.part"
    durable.create(path, mode=SHARED)
    try:
        yield path
    finally:
        with suppress(OSError):
            durable.unlink(path, sync=False)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while chunk := source.read(CHUNK):
        target.write(chunk)
    target.flush()


def _name(draft: Path, wanted: Path, sidecar: bytes) -> Path:
    """Rename the draft to the name that is wanted, or to one with a number."""
    for number in range(1, TRIES):
        mark = f"-{number}" if number > 1 else ""
        path = wanted.with_name(f"{wanted.stem}{mark}{wanted.suffix}")
        beside = path.with_name(path.name + SIDECAR)
        if os.path.lexists(path) or os.path.lexists(beside):
            continue
        with suppress(FileExistsError):
            return _place(draft, path, beside, sidecar)
    raise Unanswered(f"{printable(wanted.name)}: too many files of that name wait already")


def _place(draft: Path, path: Path, beside: Path, sidecar: bytes) -> Path:
    """Put the sidecar, then the recording; neither if either name has just been taken."""
    if sidecar:
        with _draft(path.parent) as other:
            durable.write_atomic(other, sidecar, mode=SHARED)
            durable.move(other, beside)
    try:
        durable.move(draft, path)
    except OSError:
        if sidecar:
            durable.unlink(beside, sync=False)
        raise
    return path
