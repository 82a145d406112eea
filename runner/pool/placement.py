"""Where work runs: devices, slots, threads, the model; from settings and what the machine has.

Purpose: ``resolve(settings, found)`` -> ``Placement``.
Guarantees: pure; the machine's facts come in as values (``machine.Machine``, ``probe.Found``).
"auto" ladder of devices: cuda, then mps, then cpu, with the reason.
Limits: whether a device that the settings name really works is found out by its first worker.
"""

from dataclasses import dataclass

from runner.config import Settings
from runner.pool.machine import Machine

GIB = 1024**3
BYTES_PER_SLOT = 2 * GIB
CPU_SLOTS = 4
CPU = "cpu"
FORK, SPAWN = "fork", "spawn"
MEMORY_SHARE = 0.8
"""What all workers together may use; the rest is for the system, the daemon and templates."""

TORCH_ENGINES = frozenset({"openai-whisper"})
"""Engines that can use an accelerator; an engine by dotted name says so with ``device``."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the device probe saw."""

    cuda: int = 0
    mps: bool = False
    why: str = ""
    """Why there is no accelerator, in words."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The resolved answer. ``devices`` has one entry for each slot."""

    devices: tuple[str, ...]
    why: str
    threads: int
    model: str
    memory_bytes: int
    """Private memory that one worker may use; 0 is no limit."""
    method: str
    """How workers begin: ``fork`` or ``spawn``."""
    standby: int
    linux: bool = True
    """Whether Linux-only calls are made."""

    @property
    def slots(self) -> int:
        """How many attempts may run at a time."""
        return len(self.devices)

    @property
    def device(self) -> str:
        """The first slot's device, for status and logs."""
        return self.devices[0]

    @property
    def accelerator(self) -> bool:
        """Whether any slot computes on something other than the CPU."""
        return any(device != CPU for device in self.devices)


def needs_probe(settings: Settings) -> bool:
    """Return whether only the machine itself can say which devices there are."""
    if settings.force_cpu or settings.devices:
        return False
    if settings.device == "auto":
        return settings.engine in TORCH_ENGINES
    return settings.device == "cuda"


def resolve(settings: Settings, *, machine: Machine, found: Found | None = None) -> Placement:
    """Return the placement; ``found`` is needed where ``needs_probe`` says so."""
    devices, why = _devices(settings, found or Found())
    devices = _slots(settings, devices, machine)
    accelerator = any(device != CPU for device in devices)
    method = _method(settings, accelerator=accelerator, machine=machine)
    standby = settings.standby if settings.standby != "auto" else int(method == SPAWN)
    share = int(machine.memory_bytes * MEMORY_SHARE / len(devices))
    return Placement(
        devices=devices,
        why=why,
        threads=_threads(settings, len(devices), machine),
        model=_model(settings, accelerator=accelerator),
        memory_bytes=share if settings.job_memory_bytes == "auto" else settings.job_memory_bytes,
        method=method,
        standby=standby,
        linux=machine.linux and settings.linux_calls,
    )


def _devices(settings: Settings, found: Found) -> tuple[tuple[str, ...], str]:
    """Return the distinct devices and why they were chosen."""
    if settings.force_cpu:
        return (CPU,), "FORCE_CPU is set"
    if settings.devices:
        return settings.devices, "the setting devices names them"
    if settings.device == "auto":
        return _ladder(settings, found)
    cards = _cards(max(found.cuda, 1)) if settings.device == "cuda" else (settings.device,)
    return cards, "the setting device names it"


def _ladder(settings: Settings, found: Found) -> tuple[tuple[str, ...], str]:
    """Return the best there is: CUDA, then MPS, then the CPU."""
    if settings.engine not in TORCH_ENGINES:
        return (CPU,), f"auto: engine {settings.engine} is not known to use an accelerator"
    if found.cuda:
        return _cards(found.cuda), f"auto: {found.cuda} CUDA device(s) found"
    if found.mps:
        return ("mps",), "auto: no CUDA device, MPS found"
    return (CPU,), f"auto: {found.why or 'no accelerator found'}"


def _cards(count: int) -> tuple[str, ...]:
    return tuple(f"cuda:{number}" for number in range(count))


def _slots(settings: Settings, devices: tuple[str, ...], machine: Machine) -> tuple[str, ...]:
    """Return one device for each slot, in turn."""
    if settings.slots != "auto":
        count = settings.slots
    elif devices == (CPU,):
        by_memory = machine.memory_bytes // BYTES_PER_SLOT
        count = max(1, min(machine.cpus, CPU_SLOTS, by_memory))
    else:
        count = len(devices)
    return tuple(devices[number % len(devices)] for number in range(count))


def _threads(settings: Settings, slots: int, machine: Machine) -> int:
    return max(1, machine.cpus // slots) if settings.threads == "auto" else settings.threads


def _method(settings: Settings, *, accelerator: bool, machine: Machine) -> str:
    """Fork on a Linux CPU, spawn elsewhere.

    Without Linux calls a fork's process could not be told from a stranger with its number, and
    macOS's libraries don't survive one, whatever the setting says.
    """
    if not (machine.linux and settings.linux_calls):
        return SPAWN
    if settings.start_method != "auto":
        return settings.start_method
    return SPAWN if accelerator else FORK


def _model(settings: Settings, *, accelerator: bool) -> str:
    if settings.model != "auto":
        return settings.model
    return "turbo" if accelerator else "small"
