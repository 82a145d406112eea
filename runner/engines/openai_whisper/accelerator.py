"""The accelerator: the original checkpoint on it, its failures in our words.

Purpose: ``load_host``, ``wake``, ``fits``, ``move``: the way onto a device in steps, so that a
standby can stop half way; ``failures(device)``, ``may_have_accelerator``.
Guarantees: nothing here runs before ``prepare``, so that CUDA is never initialised before a
fork; CUDA and MPS get the checkpoint as it was published, through stock loading.
Limits: after a CUDA error the process is poisoned; the worker ends, as it would anyway.
MPS: best effort, written from the issues named, untested.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import whisper

from runner.engines.contract import DeviceMemoryError
from runner.job.errors import EngineError
from runner.models import Located
from runner.models.convert import SEED

MIB = 1024**2
ROOM_BYTES = 1024 * MIB
"""What the work on a window may take beside the weights. With less, a standby stays out."""
FOREIGN_BYTES = 1024 * MIB
"""So much in other hands, and running out is not our job's fault."""


def may_have_accelerator() -> bool:
    """Return whether workers here probably use one; asks the file system, not the driver."""
    return sys.platform == "darwin" or Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def load_host(located: Located) -> Any:  # noqa: ANN401 - whisper is untyped
    """Return the model in the host's memory, as ``whisper.load_model`` builds it."""
    torch.manual_seed(SEED)  # all devices' generators; stock loading draws from it as ever
    try:
        model = whisper.load_model(str(located.path), device="cpu")
    except RuntimeError as error:
        raise _unusable("cpu", located.name, error) from error
    if located.official and located.official.alignment_heads is not None:
        model.set_alignment_heads(located.official.alignment_heads)
    return model


def wake(device: str, name: str) -> None:
    """Make the device's context, which takes seconds; ``EngineError`` where there is none."""
    try:
        torch.zeros(1, device=device)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch without CUDA
        raise _unusable(device, name, error) from error


def fits(model: Any, device: str) -> bool:  # noqa: ANN401
    """Return whether weights and a window's work find room beside what is on the device now."""
    if not device.startswith("cuda"):
        return True
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    free, _ = torch.cuda.mem_get_info(device)
    return bool(free >= weights + ROOM_BYTES)


def move(model: Any, device: str) -> Any:  # noqa: ANN401
    """Return the model on ``device``."""
    return _to_mps(model) if device == "mps" else model.to(device)


def _to_mps(model: Any) -> Any:  # noqa: ANN401
    # MPS has no sparse tensors (pytorch#141711); whisper only reads this one's indices.
    sparse = model.alignment_heads
    model.register_buffer("alignment_heads", None, persistent=False)
    model = model.to("mps")
    model.register_buffer("alignment_heads", sparse, persistent=False)
    # Nor float64, which whisper asks for before it leaves the device (whisper#2704).
    timing: Any = importlib.import_module("whisper.timing")
    timing.dtw = lambda x: timing.dtw_cpu(x.cpu().double().numpy())
    return model


def _unusable(device: str, name: str, error: BaseException) -> EngineError:
    first = str(error).split("\n", 1)[0]
    return EngineError(f"{device} can't be used for {name}: {first}")


@contextmanager
def failures(device: str) -> Iterator[None]:
    """Turn torch's word for a full memory into ours."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        text = f"{device} ran out of memory: {str(error).split('.', 1)[0]}"
        raise DeviceMemoryError(text, foreign=_held_by_others(device)) from error
    except RuntimeError as error:
        if "out of memory" in str(error) or "can't allocate memory" in str(error):
            raise DeviceMemoryError(f"{device}: {str(error).split(chr(10), 1)[0]}") from error
        raise


def _held_by_others(device: str) -> bool:
    if not device.startswith("cuda"):
        return False
    free, total = torch.cuda.mem_get_info(device)
    return total - free - torch.cuda.memory_reserved(device) > FOREIGN_BYTES
