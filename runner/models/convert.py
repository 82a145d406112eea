"""A checkpoint's converted form: float32, one file, mapped by every process that uses it.

Purpose: ``prepare(located, model_dir)`` gives ``Weights``: the mapped tensors, and the state in
which a stock ``whisper.load_model`` leaves torch's random generator.
Guarantees: converted once, under a lock; written under a temporary name, synced, renamed, so
that a mapped file never changes; named by the sha256 of the original. Where the folder can't be
written the same is made in memory, which costs time at each start and private memory.
Why the generator: a window that falls back to a higher temperature is sampled. Stock loading
draws random numbers to initialise what it then overwrites, mapped loading draws none.
torch seeds each process anew, so the command itself gives other samples each time; ours
start from torch's documented seed and are the command's under that seed.
Limits: disk space is twice that of a float16 checkpoint; nothing is ever removed here.
"""

import hashlib
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import portalocker
import torch
from whisper.model import ModelDimensions, Whisper

from runner import durable
from runner.job.errors import EngineError
from runner.models.digest import digest_of
from runner.models.locate import Located

FOLDER = "prepared"
SEED = 67280421310721
"""``c10::detail::default_rng_seed_val``, what a fresh ``torch.Generator()`` has."""

_UNREADABLE = (
    OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError,
)  # fmt: skip

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Weights:
    """Everything that a load needs. ``state`` may be mapped: never write to it."""

    sha256: str
    dims: dict[str, int]
    state: Tensors
    generator: torch.Tensor
    mapped: bool


def folder_of(model_dir: Path) -> Path:
    """Return the folder of converted files."""
    return model_dir / FOLDER


def prepare(located: Located, model_dir: Path) -> Weights:
    """Return the weights of a checkpoint, converting it first if nobody has."""
    folder = folder_of(model_dir)
    with _locked(folder) as writable:
        try:
            sha256 = digest_of(located.path, folder)
        except OSError as error:
            raise EngineError(f"{located.path}: cannot be read ({error.strerror})") from error
        target = folder / f"{sha256}.f32"
        dims_state = _load(target)
        mapped = dims_state is not None
        if dims_state is None:
            dims_state = _converted(located.path)
            mapped = writable and _save(dims_state, target)
            dims_state = (_load(target) if mapped else None) or dims_state
        dims, state = dims_state["dims"], dims_state["model_state_dict"]
        return Weights(sha256, dims, state, _generator(dims, folder), mapped)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock; False where it can't be had because it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a")
    except OSError:
        yield False
        return
    with lock:
        try:
            portalocker.lock(lock, portalocker.LockFlags.EXCLUSIVE)
        except portalocker.LockException:  # a file system without locks
            yield False
        else:
            yield True


def _load(path: Path) -> dict[str, Any] | None:
    """Map a converted file; None where there is none that holds."""
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except _UNREADABLE:
        return None  # it is written anew, beside it
    return found if {"dims", "model_state_dict"} <= found.keys() else None


def _converted(path: Path) -> dict[str, Any]:
    """Read a checkpoint as openai-whisper does, and bring its numbers to float32."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        state = {
            name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in found["model_state_dict"].items()
        }
        return {"dims": dict(found["dims"]), "model_state_dict": state}
    except (*_UNREADABLE, AttributeError) as error:
        first = str(error).split("\n", 1)[0][:200]
        raise EngineError(f"{path}: is not an openai-whisper checkpoint ({first})") from error


def _save(content: object, target: Path) -> bool:
    """Write, sync, rename; False where the disk won't have it."""
    draft = target.with_name(f".{target.name}.draft")  # one writer at a time: the lock
    try:
        with draft.open("wb") as file:
            torch.save(content, file)
            file.flush()
            durable.sync_file(file.fileno())
        durable.rename(draft, target)
    except (OSError, RuntimeError):  # torch wraps a write that failed in a RuntimeError
        if draft.exists():
            durable.unlink(draft)
        return False
    return True


def _generator(dims: dict[str, int], folder: Path) -> torch.Tensor:
    """Return torch's generator state after a stock load from ``SEED``, computed once."""
    shape = hashlib.sha256(json.dumps(dims, sort_keys=True).encode()).hexdigest()[:16]
    target = folder / f"generator-{shape}-{torch.__version__}.pt"
    kept = _load_tensor(target)
    if kept is None:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(SEED)
            _build(dims)
            kept = torch.get_rng_state()
        _save(kept, target)
    return kept


def _build(dims: dict[str, int]) -> None:
    try:
        Whisper(ModelDimensions(**dims))
    except (TypeError, RuntimeError, ValueError, ArithmeticError) as error:
        raise EngineError(f"the checkpoint's dimensions are not whisper's: {error}") from error


def _load_tensor(path: Path) -> torch.Tensor | None:
    try:
        found = torch.load(path, weights_only=True)
    except _UNREADABLE:
        return None
    return found if isinstance(found, torch.Tensor) else None
