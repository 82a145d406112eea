"""The Whisper that is trained: openai-whisper's own modules, with a small embedding table.

Purpose: hold the parameters, run encoder and decoder so that attention can be supervised, and
write the checkpoint.

Guarantees
- `export` writes what `whisper.load_model` reads: `dims` and `model_state_dict` in fp16, with all
  51865 token rows; the file appears whole or not at all.
- The softmax over 51865 tokens is exact: about 50,000 unused tokens share one row, which enters
  with the logarithm of their number.

How it starts matters more than how long it runs:
- Attention begins as "look at the place i + shift", each head with its own shift: sinusoids turn
  that into a rotation.  The decoder's positions begin as sinusoids too.
- Timestamp rows are an affine map of the encoder's own position sinusoids, so a time learned once
  is learned for all 30 seconds.

Limits: n_audio_ctx is 1500, the encoder accepts nothing else.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu
from whisper.model import ModelDimensions, MultiHeadAttention, Whisper, sinusoids

from . import vocabulary as v

WIDTH, HEADS, ENCODER_LAYERS, DECODER_LAYERS = 128, 4, 3, 2


def dimensions(rows: int = v.VOCABULARY_SIZE) -> ModelDimensions:
    """The shape of the model, with this many token rows."""
    audio = (80, 1500, WIDTH, HEADS, ENCODER_LAYERS)
    return ModelDimensions(*audio, rows, v.TEXT_CONTEXT, WIDTH, HEADS, DECODER_LAYERS)


def look_at_shift(attention: MultiHeadAttention, shifts: list[float], gain: float) -> None:
    """Make head h attend to the place i + shifts[h], for sinusoidal positions."""
    half, pairs = WIDTH // 2, WIDTH // HEADS // 2
    frequency = torch.exp(-math.log(10000) / (half - 1) * torch.arange(half))
    chosen = torch.linspace(0, (half - 1) // 2, pairs).round().long().tolist()
    query, key = torch.zeros(WIDTH, WIDTH), torch.zeros(WIDTH, WIDTH)
    for head, shift in enumerate(shifts):
        for pair, k in enumerate(chosen):
            angle = frequency[k].item() * shift
            row = head * 2 * pairs + 2 * pair
            key[row, k] = key[row + 1, half + k] = 1
            query[row, k] = query[row + 1, half + k] = math.cos(angle)
            query[row, half + k], query[row + 1, k] = math.sin(angle), -math.sin(angle)
    attention.query.weight.data = gain * query + 0.02 * torch.randn(WIDTH, WIDTH)
    attention.key.weight.data = gain * key + 0.02 * torch.randn(WIDTH, WIDTH)
    attention.query.bias.data.zero_()


def _heads(x: Tensor) -> Tensor:
    return x.view(*x.shape[:2], HEADS, -1).transpose(1, 2)


def attend(
    attention: MultiHeadAttention, x: Tensor, source: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Attention as whisper computes it; returns its output and the logarithm of its weights."""
    query, key = _heads(attention.query(x)), _heads(attention.key(source))
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask[: x.shape[1], : source.shape[1]]
    logged = scores.log_softmax(-1)
    mixed = (logged.exp() @ _heads(attention.value(source))).transpose(1, 2).flatten(2)
    return attention.out(mixed), logged


class Student(nn.Module):
    """A Whisper without its token table, the used rows of that table, and the frame heads."""

    def __init__(self) -> None:
        super().__init__()
        self.whisper = Whisper(dimensions(rows=1))
        self.whisper.decoder.token_embedding.weight.requires_grad = False
        self.rows = nn.Parameter(torch.randn(len(v.USED), WIDTH) * 0.15)
        self.unused_row = nn.Parameter(torch.zeros(WIDTH))
        self.time_map = nn.Parameter(torch.eye(WIDTH) * 0.3 + 0.01 * torch.randn(WIDTH, WIDTH))
        self.time_bias = nn.Parameter(torch.randn(WIDTH) * 0.15)
        self.time_waves: Tensor = nn.Buffer(sinusoids(v.TIMES, WIDTH), persistent=False)
        self.row_of_token: Tensor = nn.Buffer(self._row_of_token(), persistent=False)
        classes = len(v.WORD_CLASS) + 1
        self.word_head = nn.Linear(WIDTH, classes)
        self.word_before_head = nn.Linear(WIDTH, classes)
        self.place_head = nn.Linear(WIDTH, v.MAX_WORDS + 1)
        self._start()

    @staticmethod
    def _row_of_token() -> Tensor:
        table = torch.full((v.VOCABULARY_SIZE,), -1, dtype=torch.long)
        table[torch.tensor(v.USED)] = torch.arange(len(v.USED))
        table[v.TIME0 : v.TIME0 + v.TIMES] = len(v.USED) + torch.arange(v.TIMES)
        return table

    def _start(self) -> None:
        """Local attention from the first step on."""
        for block, scale in zip(self.whisper.encoder.blocks, (1 / 3, 1.0, 5 / 3), strict=True):
            look_at_shift(block.attn, [-24 * scale, -2 * scale, 2 * scale, 24 * scale], 1.3)
        decoder = self.whisper.decoder
        decoder.positional_embedding.data = 0.3 * sinusoids(v.TEXT_CONTEXT, WIDTH)
        look_at_shift(decoder.blocks[0].attn, [0.0, -1.0, -2.0, -4.0], 1.3)

    def table(self) -> Tensor:
        """One row for each used token, then one for each time."""
        return torch.cat([self.rows, self.time_waves @ self.time_map + self.time_bias])

    def encode(self, mel: Tensor, offset: Tensor, chunk: int) -> Tensor:
        """Encoder states of windows that stand `offset` frames into the 30 s.

        A `chunk` of so many frames attends to itself alone (0: everything to everything); most
        training steps do that because full attention costs more than all the rest together.
        """
        encoder = self.whisper.encoder
        x = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        shape = x.shape
        x = x + encoder.positional_embedding[offset[:, None] + torch.arange(shape[1])]
        x = x.reshape(-1, chunk or shape[1], WIDTH)
        for block in encoder.blocks:
            x = block(x)
        states: Tensor = encoder.ln_post(x).reshape(shape)
        return states

    def decode(self, ids: Tensor, heard: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Decoder states, and per layer the log weights of self- and cross-attention."""
        decoder = self.whisper.decoder
        x = self.table()[self.row_of_token[ids]]
        x = x + decoder.positional_embedding[: ids.shape[1]]
        backward: list[Tensor] = []
        across: list[Tensor] = []
        for block in decoder.blocks:
            normal = block.attn_ln(x)
            change, logged = attend(block.attn, normal, normal, decoder.mask)
            x, backward = x + change, [*backward, logged]
            change, logged = attend(block.cross_attn, block.cross_attn_ln(x), heard)
            x, across = x + change, [*across, logged]
            x = x + block.mlp(block.mlp_ln(x))
        return decoder.ln(x), backward, across

    def log_probabilities(self, states: Tensor, forbidden: Tensor) -> Tensor:
        """Over used tokens, then times, then all unused tokens together; some are forbidden."""
        unused = v.VOCABULARY_SIZE - len(v.USED) - v.TIMES
        rest = (states @ self.unused_row)[:, None] + math.log(unused)
        scores = torch.cat([states @ self.table().T, rest], 1)
        return scores.masked_fill(forbidden, -math.inf).log_softmax(-1)


def export(student: Student, path: Path) -> None:
    """Write an openai-whisper checkpoint."""
    state = {k: t.detach().half().clone() for k, t in student.whisper.state_dict().items()}
    table = student.unused_row.detach().half().repeat(v.VOCABULARY_SIZE, 1)
    known = student.row_of_token >= 0
    table[known] = student.table().detach().half()[student.row_of_token[known]]
    state["decoder.token_embedding.weight"] = table
    unfinished = path.with_name(f".{path.name}.tmp")
    torch.save({"dims": vars(dimensions()), "model_state_dict": state}, unfinished)
    unfinished.replace(path)
