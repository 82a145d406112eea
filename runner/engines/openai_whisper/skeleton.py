"""A Whisper module around weights that exist already.

Purpose: ``assemble(dims, state)``: 30 ms instead of seconds, and no page of its own.
How: parameters are born on the meta device, so that initialising them costs nothing and draws
nothing; buffers are real, because ``mask`` and ``alignment_heads`` are not in a checkpoint and
the sparse one can't live on meta. Then the mapped tensors become the parameters.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn import Module, Parameter
from whisper.model import ModelDimensions, Whisper

from runner.engines.openai_whisper.patching import swapped
from runner.job.errors import EngineError


def assemble(dims: dict[str, int], state: dict[str, torch.Tensor]) -> Whisper:
    """Return the model; ``state``'s tensors are used as they are, not copied."""
    try:
        with _parameters_on_meta():
            model = Whisper(ModelDimensions(**dims))
        model.load_state_dict(state, assign=True)
    except (TypeError, RuntimeError, ValueError) as error:
        first = str(error).split("\n", 1)[0][:200]
        raise EngineError(f"the checkpoint does not fit openai-whisper: {first}") from error
    return model


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """Have every parameter registered meanwhile lose its storage."""
    register = Module.register_parameter

    def register_on_meta(module: Module, name: str, param: Parameter | None) -> None:
        bare = None if param is None else Parameter(param.to("meta"), param.requires_grad)
        register(module, name, bare)

    with swapped(Module, "register_parameter", register_on_meta):
        yield
