"""Dropping one recording into the inbox: copy, sync, rename.

Guarantees: see ``submit``. The inode that is dropped is the inode that is claimed, so that the
job can be recognised whatever it is called. The folders of the inbox are gone through one by
one, without following a link: strangers can plant them there.
Diagnostics: ``OptionsError`` names the part of the way that is a link or no folder.
"""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from runner import durable
from runner.job.errors import OptionsError
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


def drop(
    source: Path, layout: Layout, folder: PurePosixPath, options: Mapping[str, Any]
) -> Dropped:
    """Copy ``source`` into ``folder`` of the inbox, with ``options`` beside it."""
    with _opened(layout.inbox, folder) as home, _draft(layout) as draft, _draft(layout) as aside:
        with source.open("rb") as file, draft.open("r+b") as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            durable.sync_file(copy.fileno())
            facts = os.fstat(copy.fileno())
        if options:
            durable.write_atomic(
                aside,
                json.dumps(options, ensure_ascii=False).encode("utf-8", "replace"),
                mode=SHARED,
            )
        name = _place(draft, source.name, aside if options else None, home)
        durable.sync_dir(home)
    path = layout.inbox / folder / name
    return Dropped(source, path, facts.st_dev, facts.st_ino, facts.st_size)


@contextmanager
def _opened(inbox: Path, folder: PurePosixPath) -> Iterator[int]:
    """Yield a descriptor of a folder of the inbox; what is missing of it is made."""
    here, way = durable.open_below(inbox, ""), inbox
    try:
        for part in folder.parts:
            way /= part
            outer, here = here, _entered(way, here)
            os.close(outer)
        yield here
    finally:
        os.close(here)


def _entered(way: Path, outer: int) -> int:
    try:
        durable.make_dir(way.name, FOLDER, dir_fd=outer)
        return durable.open_dir(way.name, dir_fd=outer)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise OptionsError(f"--folder: {way} is a link or no folder") from error
        raise type(error)(error.errno, error.strerror, str(way)) from error


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


def _place(draft: Path, wanted: str, options: Path | None, home: int) -> str:
    """Move sidecar and recording to the name that is wanted, or to one with a number."""
    stem, suffix = PurePosixPath(wanted).stem, PurePosixPath(wanted).suffix
    for number in count(1):
        mark = f"-{number}" if number > 1 else ""
        name = f"{stem}{mark}{suffix}"
        beside = name + SIDECAR
        if _taken(name, home) or _taken(beside, home):
            continue
        with suppress(FileExistsError):
            if options:
                durable.move(options, beside, dst_dir_fd=home)
            try:
                durable.move(draft, name, dst_dir_fd=home)
            except OSError:
                if options:
                    durable.replace(beside, options, src_dir_fd=home)
                raise
            return name
    raise AssertionError  # there is always another number


def _taken(name: str, home: int) -> bool:
    try:
        os.stat(name, dir_fd=home, follow_symlinks=False)
    except OSError:  # there is none; and of what is worse than that the move will tell
        return False
    return True
