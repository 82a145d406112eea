"""The sweep: uploads that never came to an end, builds, trash and drafts of dead runners.

Purpose: ``sweep_staging``, a bounded amount a call; only the leader calls it.
Guarantees: trash goes whatever its age; a build goes only when its lease is free and it is older
than a minute; a directory that holds a source is no rubbish, it goes to ``active/``.
Limits: the age of an upload is its ctime's, by the wall clock.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from runner import durable
from runner.job.ids import is_id
from runner.job.states import State
from runner.spool.faults import ours
from runner.spool.layout import SOURCE, Layout
from runner.spool.lease import is_at, lock

BUILD_SECONDS = 60.0
TRASH = ".trash-"
DEPTH = 4
"""nginx spreads uploads over up to three levels of folders."""


def sweep_staging(layout: Layout, *, now: float, keep_seconds: float, budget: int) -> int:
    """Remove up to about ``budget`` things; return how many went."""
    went = 0
    with ours(f"{layout.staging}: can't be swept"):
        paths = list(layout.staging.iterdir())
    for path in paths:
        name = path.name
        if went >= budget:
            break
        with suppress(OSError):  # one thing that resists must not keep the rest
            if name.startswith(TRASH):
                went += durable.remove_tree(path, budget=budget - went)
            elif name.startswith(".") and is_id(name[1:]):
                went += _sweep_build(layout, path, now, budget - went)
            else:
                went += _sweep_uploads(path, now - keep_seconds, budget - went)
    return went + _sweep_drafts(layout, now)


def _sweep_drafts(layout: Layout, now: float) -> int:
    """Remove what writes in ``run/`` have left that were cut off."""
    went = 0
    with suppress(OSError):
        for path in (*layout.run.iterdir(), *layout.run.glob("*/.*")):
            if durable.is_leftover(path.name) and now - path.lstat().st_ctime > BUILD_SECONDS:
                durable.unlink(path, sync=False)
                went += 1
    return went


def _sweep_build(layout: Layout, path: Path, now: float, budget: int) -> int:
    """Remove a directory that a dead runner was building."""
    if now - os.lstat(path).st_ctime < BUILD_SECONDS:
        return 0
    fd = durable.open_dir(path)
    try:
        if not lock(fd) or not is_at(fd, path):
            return 0
        if os.path.lexists(path / SOURCE):
            durable.rename(path, layout.job_dir(State.ACTIVE, path.name[1:]))
            return 0
        return int(durable.remove_tree(path, budget=budget))
    finally:
        os.close(fd)


def _sweep_uploads(path: Path, before: float, budget: int) -> int:
    went = 0
    for old in _older(path, before, DEPTH):
        if went >= budget:
            break
        durable.unlink(old, sync=False)
        went += 1
    return went


def _older(path: Path, before: float, depth: int) -> Iterator[Path]:
    """Yield the files of ``path`` whose ctime is before ``before``; folders stay."""
    facts = os.lstat(path)
    if not stat.S_ISDIR(facts.st_mode):
        if facts.st_ctime < before:
            yield path
        return
    for child in path.iterdir() if depth else ():
        with suppress(FileNotFoundError):
            yield from _older(child, before, depth - 1)
