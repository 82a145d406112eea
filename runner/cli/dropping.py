"""Dropping one recording into the inbox: copy, sync, rename.

Guarantees: see ``submit``. The inode that is dropped is the inode that is claimed, so that the
job can be recognised whatever it is called.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from runner import durable
from runner.spool import Layout

SHARED = 0o660
FOLDER = 0o2770
SIDECAR = ".json"


@dataclass(frozen=True)
class Dropped:
    """A recording in the inbox, and how to know it again."""

    given: Path
    path: Path
    device: int
    inode: int
    size: int


def drop(source: Path, layout: Layout, home: Path, options: Mapping[str, Any]) -> Dropped:
    """Copy ``source`` into the folder ``home`` of the inbox, with ``options`` beside it."""
    _make(home)
    with _draft(layout) as draft, _draft(layout) as aside:
        with source.open("rb") as file, draft.open("r+b") as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            durable.sync_file(copy.fileno())
            facts = os.fstat(copy.fileno())
        if options:
            durable.write_atomic(aside, json.dumps(options).encode(), mode=SHARED)
        path = _place(draft, home / source.name, aside if options else None)
        durable.sync_dir(home)
    return Dropped(source, path, facts.st_dev, facts.st_ino, facts.st_size)


def _make(home: Path) -> None:
    if not home.is_dir():
        _make(home.parent)
        durable.make_dir(home, FOLDER)


@contextmanager
def _draft(layout: Layout) -> Iterator[Path]:
    """Yield an empty file that nobody claims; what is left of it goes."""
    path = layout.staging / f".submit-{secrets.token_hex(8)}.part"
    durable.create(path, mode=SHARED)
    try:
        yield path
    finally:
        with suppress(OSError):
            durable.unlink(path, sync=False)


def _place(draft: Path, wanted: Path, options: Path | None) -> Path:
    """Move sidecar and recording to the name that is wanted, or to one with a number."""
    for number in count(1):
        mark = f"-{number}" if number > 1 else ""
        path = wanted.with_name(f"{wanted.stem}{mark}{wanted.suffix}")
        beside = path.with_name(path.name + SIDECAR)
        if os.path.lexists(path) or os.path.lexists(beside):
            continue
        with suppress(FileExistsError):
            if options:
                durable.move(options, beside)
            try:
                durable.move(draft, path)
            except OSError:
                if options:
                    durable.move(beside, options)
                raise
            return path
    raise AssertionError  # there is always another number
