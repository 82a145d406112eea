"""How much memory is a worker's own.

Purpose: ``private_bytes(pid)`` for a worker with its descendants; ``resident_bytes`` for a
template's growth.
Guarantees: pages shared with the template (forked, not yet written) and mapped weights (clean
pages of a file) don't count; dirty, swapped and shared-memory pages do.
Source: Private_Dirty + SwapPss of ``smaps_rollup``. RssAnon would charge every worker the whole
template: 300 MiB of imports.
Limits: Linux only, 0 elsewhere. One read walks the page tables (1 to 3 ms a worker), once a second.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
KIB = 1024
MAX_TREE = 256
"""A fork bomb must not make us read for ever; its members are killed with the worker."""


def private_bytes(pid: int) -> int:
    """Return the private memory of ``pid`` and its descendants."""
    return sum(_own_bytes(member) for member in _tree(pid))


def resident_bytes(pid: int) -> int:
    """Return the anonymous resident memory of one process."""
    return _sum_fields(PROC / str(pid) / "status", {"RssAnon:"}) or 0


def _tree(pid: int) -> Iterator[int]:
    waiting, seen = [pid], 0
    while waiting and seen < MAX_TREE:
        member = waiting.pop()
        seen += 1
        yield member
        with suppress(OSError):
            for task in (PROC / str(member) / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())


def _own_bytes(pid: int) -> int:
    own = _sum_fields(PROC / str(pid) / "smaps_rollup", {"Private_Dirty:", "SwapPss:"})
    return resident_bytes(pid) if own is None else own


def _sum_fields(path: Path, names: set[str]) -> int | None:
    """Add up the kB of some fields; None where the file can't be read."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    fields = (line.split() for line in lines)
    return KIB * sum(int(field[1]) for field in fields if field and field[0] in names)
