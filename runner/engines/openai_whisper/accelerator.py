"""The accelerator: the original checkpoint on it, its failures in our words.

Purpose: ``load_on(device, located)``, ``failures(device)``, ``may_have_accelerator``.
Guarantees: nothing here runs before ``prepare``, so that CUDA is never initialised before a
fork; CUDA and MPS get the checkpoint as it was published (float16), through stock loading.
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
FOREIGN_BYTES = 1024 * MIB
"""So much in other hands, and running out is not our job's fault."""


def may_have_accelerator() -> bool:
    """Return whether workers here probably use one; asks the file system, not the driver."""
    return sys.platform == "darwin" or Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def load_on(device: str, located: Located) -> Any:  # noqa: ANN401 - whisper is untyped
    """Return the model on ``device``, as ``whisper.load_model`` has it."""
    heads = located.official.alignment_heads if located.official else None
    torch.manual_seed(SEED)  # all devices' generators; stock loading draws from it as ever
    try:
        if device == "mps":
            return _load_on_mps(located, heads)
        model = whisper.load_model(str(located.path), device=device)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch without CUDA
        first = str(error).split("\n", 1)[0]
        raise EngineError(f"{device} can't be used for {located.name}: {first}") from error
    if heads is not None:
        model.set_alignment_heads(heads)
    return model


def _load_on_mps(located: Located, heads: bytes | None) -> Any:  # noqa: ANN401
    model = whisper.load_model(str(located.path), device="cpu")
    if heads is not None:
        model.set_alignment_heads(heads)
    # MPS has no sparse tensors (pytorch#141711); whisper only reads this one's indices.
    sparse = model.alignment_heads
    model.register_buffer("alignment_heads", None, persistent=False)
    model = model.to("mps")
    model.register_buffer("alignment_heads", sparse, persistent=False)
    # Nor float64, which whisper asks for before it leaves the device (whisper#2704).
    timing: Any = importlib.import_module("whisper.timing")
    timing.dtw = lambda x: timing.dtw_cpu(x.cpu().double().numpy())
    return model


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
