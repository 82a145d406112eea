"""The environment of the child programs: scrubbed to a short list.

Purpose: ``child_environment(settings)`` for templates, workers and the device probe.
Guarantees: nothing passes but ``KEPT``, what ``worker_env_keep`` names, and what we set
ourselves; secrets of the daemon's environment never reach a process that parses media.
Source of the thread settings: a template that ran one OpenMP region, or whose numpy started its
OpenBLAS pool, makes workers that hang (facts: 15 of 15); numba's default layer kills them.
"""

import os
from fnmatch import fnmatchcase
from pathlib import Path

import runner
from runner.config.settings import Settings

KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR",
    "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_*", "XDG_CACHE_HOME",
    "CUDA_*", "NVIDIA_*", "HIP_*", "ROCR_*", "HSA_*", "PYTORCH_*", "TORCH_*",
)  # fmt: skip
"""Patterns of names: what a program needs to find itself, its libraries and its devices."""

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "NUMBA_THREADING_LAYER": "workqueue",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Set before any library is imported; an engine raises torch's own number in the worker."""


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the whole environment of a child program."""
    kept = (*KEPT, *settings.worker_env_keep)
    environment = {
        name: value
        for name, value in os.environ.items()
        if any(fnmatchcase(name, pattern) for pattern in kept)
    }
    home = str(Path(runner.__file__).parent.parent)
    path = [home, *filter(None, [environment.get("PYTHONPATH")])]
    # What the operator named in worker_env_keep is his to set, thread counts included.
    ours = {n: v for n, v in ONE_THREAD.items() if n not in settings.worker_env_keep}
    return (
        environment
        | ours
        | {
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUNBUFFERED": "1",
            "PYTORCH_ENABLE_MPS_FALLBACK": str(int(settings.mps_fallback)),
        }
        | ({"FORCE_CPU": "1"} if settings.force_cpu else {})
    )
