"""Where work runs: the ladder of devices, slots, threads, memory; and why it says so."""

import errno
import time
from typing import Any

import pytest

from runner.config import Settings
from runner.pool import probe
from runner.pool.machine import Machine
from runner.pool.placement import Found, Placement, needs_probe, resolve
from runner.pool.programs import Program
from tests.e2e.living import wait_for

GIB = 1024**3
BOX = Machine(cpus=8, memory_bytes=32 * GIB)
NOTHING = Found(why="torch is a CPU build")


def placed(found: Found = NOTHING, machine: Machine = BOX, **settings: Any) -> Placement:
    """Resolve settings on a machine."""
    return resolve(Settings(**settings), machine=machine, found=found)


@pytest.mark.parametrize(
    ("found", "settings", "devices", "why"),
    [
        (Found(cuda=2, mps=True), {}, ("cuda:0", "cuda:1"), "auto: 2 CUDA device(s) found"),
        (Found(mps=True), {}, ("mps",), "auto: no CUDA device, MPS found"),
        (NOTHING, {"slots": 1}, ("cpu",), "auto: torch is a CPU build"),
        (Found(cuda=1), {"force_cpu": True, "slots": 1}, ("cpu",), "FORCE_CPU is set"),
        (
            Found(cuda=1),
            {"force_cpu": True, "device": "cuda", "devices": ("cuda:1",), "slots": 1},
            ("cpu",),
            "FORCE_CPU is set",
        ),
        (Found(cuda=4), {"device": "cuda:3"}, ("cuda:3",), "the setting device names it"),
        (Found(cuda=2), {"device": "cuda"}, ("cuda:0", "cuda:1"), "the setting device names it"),
        (Found(cuda=2), {"device": "cpu", "slots": 1}, ("cpu",), "the setting device names it"),
        (
            Found(cuda=1),
            {"devices": ("cuda:0", "cuda:1"), "slots": 3},
            ("cuda:0", "cuda:1", "cuda:0"),
            "the setting devices names them",
        ),
        (
            Found(cuda=1),
            {"engine": "some.engine", "slots": 1},
            ("cpu",),
            "auto: engine some.engine is not known to use an accelerator",
        ),
    ],
)
def test_the_ladder(
    found: Found, settings: dict[str, Any], devices: tuple[str, ...], why: str
) -> None:
    """Devices must be chosen CUDA, MPS, CPU unless a setting says otherwise, with the reason."""
    answer = placed(found, **settings)
    assert (answer.devices, answer.why) == (devices, why)
    assert answer.accelerator == (devices[0] != "cpu")


@pytest.mark.parametrize(
    ("cpus", "gib", "slots", "threads"), [(1, 8, 1, 1), (2, 8, 2, 1), (16, 64, 4, 4), (8, 3, 1, 8)]
)
def test_slots_and_threads_of_a_cpu(cpus: int, gib: int, slots: int, threads: int) -> None:
    """Slots must be at most four, one for each processor and 2 GiB; threads share the rest."""
    answer = placed(machine=Machine(cpus=cpus, memory_bytes=gib * GIB))
    assert (answer.slots, answer.threads) == (slots, threads)


def test_the_memory_of_a_worker() -> None:
    """``auto`` must be four fifths of the machine's, shared by the slots; a number is a number."""
    assert placed(slots=4).memory_bytes == int(32 * GIB * 0.8 / 4)
    assert placed(job_memory_bytes=GIB).memory_bytes == GIB
    assert placed(job_memory_bytes=0).memory_bytes == 0


@pytest.mark.parametrize(
    ("found", "settings", "linux", "method", "standby"),
    [
        (NOTHING, {}, True, "fork", 0),
        (NOTHING, {"start_method": "spawn"}, True, "spawn", 1),
        (NOTHING, {"standby": 2}, True, "fork", 2),
        (Found(cuda=1), {}, True, "spawn", 1),
        (Found(cuda=1), {"standby": 0}, True, "spawn", 0),
        (NOTHING, {"linux_calls": False, "start_method": "fork"}, True, "spawn", 1),
        (Found(mps=True), {"start_method": "fork"}, False, "spawn", 1),
    ],
)
def test_how_workers_begin(
    found: Found, settings: dict[str, Any], linux: object, method: str, standby: int
) -> None:
    """Fork on a Linux CPU, spawn elsewhere whatever the setting, with a standby."""
    machine = Machine(cpus=2, memory_bytes=8 * GIB, linux=bool(linux))
    answer = placed(found, machine, **settings)
    assert (answer.method, answer.standby) == (method, standby)


def test_the_model_follows_the_device() -> None:
    """``auto`` must be turbo on an accelerator and small on a CPU; a name is a name."""
    assert placed(Found(cuda=1)).model == "turbo"
    assert placed().model == "small"
    assert placed(model="base").model == "base"


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, True),
        ({"device": "cuda"}, True),
        ({"device": "cuda:0"}, False),
        ({"device": "cpu"}, False),
        ({"force_cpu": True}, False),
        ({"devices": ("cuda:0",)}, False),
        ({"engine": "some.engine"}, False),
    ],
)
def test_who_is_asked_for_devices(settings: dict[str, Any], asked: object) -> None:
    """A process that imports torch must be started only where nothing else can tell."""
    assert needs_probe(Settings(**settings)) is asked


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (["http.server", "--bind", "127.0.0.1", "0"], "the device probe gave no answer in 0.5 s"),
        (["this", "prints", "help"], "the device probe failed"),
        (["json.tool", "--help"], "the device probe failed"),
    ],
)
def test_a_probe_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, program: list[str], why: str
) -> None:
    """A driver that hangs, or takes the probe along, must count as no accelerator, in words."""
    monkeypatch.setattr(probe, "PROBE_SECONDS", 0.5)
    monkeypatch.setattr(probe, "Program", lambda _arguments, **_more: Program(program))
    machine = Machine(cpus=2, memory_bytes=8 * GIB, accelerator=True)
    placing = probe.Placing(Settings(), machine)
    answer = wait_for("an answer", lambda: placing.step(time.monotonic()))
    assert (answer.devices[0], answer.why) == ("cpu", f"auto: {why}")


def test_a_probe_that_can_not_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without descriptors for a probe there must be a placement all the same."""

    def out_of_descriptors(*_: object, **_more: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(probe, "Program", out_of_descriptors)
    machine = Machine(cpus=2, memory_bytes=8 * GIB, accelerator=True)
    answer = probe.Placing(Settings(), machine).step(0.0)
    assert answer
    assert "Too many open files" in answer.why


def test_nobody_is_asked_where_there_are_no_signs() -> None:
    """On a machine without signs of an accelerator no torch must be imported to find none."""
    answer = probe.Placing(Settings(), BOX).step(0.0)
    assert answer
    assert answer.why == "auto: no accelerator found on this machine"
