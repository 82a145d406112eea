"""Which accelerators can torch use here? The one question that needs torch to answer.

Purpose: ``probe()`` for ``python -m runner.worker --probe-device``.
"""

from typing import Any


def probe() -> dict[str, Any]:
    """Return the number of CUDA devices, whether there is MPS, and why there is neither."""
    try:
        import torch  # noqa: PLC0415 - most workers never need it
    except ImportError as error:
        return {"cuda": 0, "mps": False, "why": f"torch can't be imported ({error})"}
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    why = ""
    if not cuda and torch.version.cuda is None and torch.version.hip is None:
        why = f"torch {torch.__version__} is a CPU build"
    elif not cuda:
        why = f"torch {torch.__version__} finds no CUDA device it can use"
    return {"cuda": cuda, "mps": mps, "why": why}
