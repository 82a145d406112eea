"""Begin from a finished checkpoint instead of from random numbers.

Purpose: `train --start CHECKPOINT` needs about an hour on one core where a start from nothing
needs several.

Guarantees: everything the checkpoint holds is taken over: encoder, decoder, the rows of tokens
that it knew, and the map behind its timestamp rows (recovered by least squares, to the precision
of fp16).  Tokens it did not know, and the frame heads, which no checkpoint holds, start fresh.

Limits: the checkpoint must have this network's shape and tokenizer; its text context may be longer.
"""

from pathlib import Path

import torch
from torch import Tensor

from . import vocabulary as v
from .network import Student


def _common_row(table: Tensor) -> Tensor:
    """The row that unused tokens share: the middle value of some that nobody trains."""
    return table[1000:1100].median(0).values


def _take_times(student: Student, table: Tensor) -> None:
    rows = table[v.TIME0 : v.TIME0 + v.TIMES].double()
    waves = torch.cat([student.time_waves, torch.ones(v.TIMES, 1)], 1).double()
    solution = torch.linalg.lstsq(waves, rows, driver="gelsd").solution.float()
    student.time_map.data, student.time_bias.data = solution[:-1].clone(), solution[-1].clone()


def start_from(student: Student, path: Path) -> list[int]:
    """Copy the checkpoint into the student; returns the used tokens that it did not know."""
    state = torch.load(path, weights_only=True, map_location="cpu")["model_state_dict"]
    table = state.pop("decoder.token_embedding.weight").float()
    state = {k: t.float() for k, t in state.items()}
    positions = "decoder.positional_embedding"
    state[positions] = state[positions][: v.TEXT_CONTEXT]
    missing, unexpected = student.whisper.load_state_dict(state, strict=False)
    if missing != ["decoder.token_embedding.weight"] or unexpected:
        raise ValueError(f"{path} has another shape: {missing} {unexpected}")
    common = _common_row(table)
    student.unused_row.data = common.clone()
    _take_times(student, table)
    fresh = []
    for row, token in enumerate(v.USED):
        if torch.equal(table[token], common):
            fresh.append(token)
        else:
            student.rows.data[row] = table[token]
    return fresh
