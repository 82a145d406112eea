"""What the machine has: processors, memory, signs of an accelerator, out-of-memory kills.

Purpose: ``detect()`` -> ``Machine``; ``OomWatch``.
Guarantees: only reads ``/proc`` and ``/sys``; what can't be read counts as absent. Limits of
cgroups (version 1 and 2, its own and its ancestors') bound what the hardware offers.
Limits: outside Linux memory is ``sysconf``'s, and nothing is known of kills.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60
"""A version 1 limit above this is the kernel's way to say none."""

DEVICE_SIGNS = ("/dev/nvidiactl", "/dev/nvidia0", "/proc/driver/nvidia", "/dev/kfd", "/dev/dxg")
GPU_VENDORS = {"0x10de", "0x1002"}
DISPLAY_CLASS = "0x03"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The facts that placement needs."""

    cpus: int
    memory_bytes: int
    linux: bool = True
    """It has the calls that we need (pidfd: Linux 5.3)."""
    accelerator: bool = False
    """There are signs of one; whether torch can use it only a probe can say."""


def detect() -> Machine:
    """Look at this machine."""
    linux = _has_linux_calls()
    groups = list(_own_groups("self")) if linux else []
    return Machine(
        cpus=_cpus(groups),
        memory_bytes=_memory(groups),
        linux=linux,
        accelerator=sys.platform == "darwin" or _accelerator(),
    )


class OomWatch:
    """Tells whether the kernel killed for memory where ``pid`` lives, since this was made.

    Its cgroup's own count where there is one: the machine's count also grows by the neighbours,
    an ancestor's by other children. The file is chosen while the process lives.
    """

    def __init__(self, pid: int) -> None:
        own = next(_own_groups(str(pid)), None)
        files = [own / name for name in ("memory.events", "memory.oom_control")] if own else []
        counting = (path for path in files if _field(path, "oom_kill") is not None)
        self._path = next(counting, PROC / "vmstat")
        self._before = self._count()

    def grew(self) -> bool:
        """Return whether somebody was killed."""
        return self._count() > self._before

    def _count(self) -> int:
        return _field(self._path, "oom_kill") or 0


def _has_linux_calls() -> bool:
    opener = getattr(os, "pidfd_open", None)
    try:
        os.close(opener(os.getpid())) if opener else None
    except OSError:
        return False
    return opener is not None and Path("/proc/self/task").is_dir()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _field(path: Path, name: str) -> int | None:
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return _number(value)
    return None


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _own_groups(pid: str) -> Iterator[Path]:
    """Yield the memory cgroup of a process and its ancestors, innermost first."""
    for line in _read(PROC / pid / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        root = CGROUPS / "memory" if "memory" in controllers.split(",") else CGROUPS
        if controllers and root == CGROUPS:
            continue
        own = root / path.lstrip("/")
        if not any((root / sign).exists() for sign in ("memory.oom_control", "cgroup.controllers")):
            continue
        yield from (group for group in (own, *own.parents) if group.is_relative_to(root))


def _memory(groups: list[Path]) -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        _number(_read(group / name))
        for group in groups
        for name in ("memory.max", "memory.limit_in_bytes")
    ]
    return min([total, *(limit for limit in limits if limit and limit < UNLIMITED)])


def _cpus(groups: list[Path]) -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    quotas = [quota for group in groups if (quota := _quota(group))]
    return max(1, min([count, *quotas]))


def _quota(group: Path) -> int | None:
    """Return the whole processors that a version 2 quota allows (``cpu.max``: quota, period)."""
    quota, _, period = _read(group / "cpu.max").strip().partition(" ")
    if not quota.isdigit() or not period.isdigit():
        return None
    return max(1, -(-int(quota) // int(period)))


def _accelerator() -> bool:
    if any(Path(sign).exists() for sign in DEVICE_SIGNS):
        return True
    devices = Path("/sys/bus/pci/devices")
    cards = devices.iterdir() if devices.is_dir() else ()
    return any(
        _read(card / "vendor").strip() in GPU_VENDORS
        and _read(card / "class").startswith(DISPLAY_CLASS)
        for card in cards
    )
