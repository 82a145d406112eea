"""The reserve, the operator's pause, and the doubt about the clock: small files in ``run/``.

Purpose: ``ensure_reserve`` and ``release_reserve`` keep room for verdicts on a full disk;
``paused`` and ``set_paused`` stop claims and readmits of all runners; ``doubt_clock``,
``clock_doubted`` and ``confirm_clock`` hold prune back after the clock was changed.
"""

import os
from contextlib import suppress
from pathlib import Path

from runner import durable
from runner.spool.faults import ours
from runner.spool.layout import Layout

RESERVE = "reserve"
PAUSED = "paused"
CLOCK = "clock-doubted"


def ensure_reserve(layout: Layout, size: int) -> None:
    """Make ``run/reserve`` of ``size`` bytes that no file system can store in fewer."""
    path = layout.run / RESERVE
    with ours(f"{path}: can't be made"):
        if _size(path) != size:
            durable.write_atomic(path, os.urandom(size))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def release_reserve(layout: Layout) -> bool:
    """Give the reserve's room to whoever needs to write a verdict; False when it is given."""
    with ours(f"{layout.run / RESERVE}: can't be removed"):
        try:
            durable.unlink(layout.run / RESERVE)
        except FileNotFoundError:
            return False
    return True


def paused(layout: Layout) -> bool:
    """Return whether the operator paused the spool."""
    return (layout.run / PAUSED).exists()


def set_paused(layout: Layout, paused: bool) -> bool:  # noqa: FBT001 - a switch
    """Pause or resume; return whether that changed anything."""
    return _switch(layout, PAUSED, on=paused)


def doubt_clock(layout: Layout) -> bool:
    """Hold prune back, also after a restart, until ``confirm_clock``."""
    return _switch(layout, CLOCK, on=True)


def confirm_clock(layout: Layout) -> bool:
    """The operator says that the clock is right; return whether anybody doubted it."""
    return _switch(layout, CLOCK, on=False)


def clock_doubted(layout: Layout) -> bool:
    """Return whether prune is held back."""
    return (layout.run / CLOCK).exists()


def _switch(layout: Layout, name: str, *, on: bool) -> bool:
    path = layout.run / name
    with ours(f"{path}: can't be changed"):
        if on:
            return durable.create(path, mode=0o644)
        with suppress(FileNotFoundError):
            durable.unlink(path)
            return True
    return False
