"""What is asked of the model at each step.

Purpose: beside the labels of the decoder, supervision that is dense and cheap because synthesis
tells when each word sounds: the word at each encoder frame, and where the decoder should look.

Guarantees: `losses` returns one scalar to minimise and plain numbers to print.

The parts
- the language again, by itself: it is one label of a hundred, and a clip may be one word long;
- text and time labels, among the tokens that transcribe() allows there; a time is taught as a
  narrow bell over neighbouring times;
- silence: <|nospeech|> after the start token, and a flat first time over 0..1 s, so that
  transcribe() finds the window improbable and skips it;
- frames: word, word before it, place in its sentence;
- looking: layer 0 (half of its heads) at the word just put in, layer 1 at the word to come;
- prompts: after <|startoftranscript|> nothing looks back before it, so that text of earlier
  windows cannot lead astray.

Limits: made for two decoder layers.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from . import vocabulary as v
from .network import HEADS, Student
from .windows import CONTEXT, IGNORE, NOWHERE, SILENT_LANGUAGE, SILENT_TIME

TIME_WIDTH = 0.5  # standard deviation of the bell, in steps of 20 ms
PRIOR_LANGUAGE = {"en": 0.03}  # silence has no language; whisper needs one, so say en


def _label_losses(student: Student, logged: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Sums over labels of each kind."""
    used = len(v.USED)
    rows = student.row_of_token[labels.clamp(min=0)]
    is_time = (labels >= 0) & (rows >= used)
    is_text = (labels >= 0) & ~is_time
    steps = torch.arange(v.TIMES)
    bell = (-0.5 * ((steps - (rows[is_time] - used)[:, None]) / TIME_WIDTH) ** 2).softmax(1)
    times = logged[:, used : used + v.TIMES]
    spoken = torch.isin(labels, torch.tensor(list(v.LANGUAGE_TOKEN.values())))
    start = logged[labels == SILENT_LANGUAGE]
    silent = 0.97 * start[:, student.row_of_token[v.NO_SPEECH]]
    for lang, share in PRIOR_LANGUAGE.items():
        silent = silent + share * start[:, student.row_of_token[v.LANGUAGE_TOKEN[lang]]]
    return {
        "text": -logged[is_text].gather(1, rows[is_text][:, None]).sum(),
        "time": -(bell * times[is_time]).sum(),
        "flat": -times[labels == SILENT_TIME][:, :51].mean(1).sum(),
        "nospeech": -silent.sum(),
        "language": -logged[spoken].gather(1, rows[spoken][:, None]).sum(),
        "language_count": spoken.sum(),
        "text_count": is_text.sum(),
        "time_count": is_time.sum(),
    }


def _forbidden(ids: Tensor) -> Tensor:
    """What transcribe() never lets follow, so that no effort goes into learning it.

    A time that opens a segment is not followed by a time, nor one that closes it by text.
    """
    is_time = ids >= v.TIME0
    before = torch.cat([torch.zeros_like(is_time[:, :1]), is_time[:, :-1]], 1)
    first = torch.cat([torch.zeros_like(is_time[:, :1]), ids[:, :-1] == v.TRANSCRIBE], 1)
    opens, closes = is_time & (before | first), is_time & ~(before | first)
    rows = len(v.USED) + v.TIMES + 1
    times, text = torch.zeros(rows, dtype=torch.bool), torch.zeros(rows, dtype=torch.bool)
    times[len(v.USED) : -1] = True
    text[: len(v.USED)] = torch.tensor(v.USED) < v.EOT
    text[-1] = True
    forbidden: Tensor = (opens[..., None] & times) | (closes[..., None] & text)
    return forbidden


def _look(logged: Tensor, spans: Tensor) -> Tensor:
    """Cross entropy between attention (n, heads, frames) and its spans (n, 2)."""
    frame = torch.arange(logged.shape[-1])
    wanted = ((frame >= spans[:, :1]) & (frame < spans[:, 1:])).float()
    wanted = wanted / wanted.sum(1, keepdim=True).clamp(min=1)
    return -(wanted[:, None] * logged).sum(-1).mean()


def _looking(across: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
    spans = batch["spans"]
    place = spans != NOWHERE[0]
    ahead = place[..., 0]
    coming = _look(across[1].transpose(1, 2)[ahead], spans[ahead])
    # The word put in at i is the label of i - 1, unless the input was changed (clamped time).
    told = place[:, :-1, 0] & (batch["ids"][:, 1:] == batch["labels"][:, :-1])
    first_heads = across[0][:, : HEADS // 2].transpose(1, 2)[:, 1:]
    return coming + _look(first_heads[told], spans[:, :-1][told])


def _looking_back(backward: list[Tensor], ids: Tensor) -> Tensor:
    """Attention to the prompt from behind the start token, as -log of what is left."""
    if not bool((ids == v.PREV).any()):
        return torch.zeros(())
    inside = (ids == v.SOT).cumsum(1) > 0
    real = inside & (ids[:, :1] == v.PREV)
    total = torch.zeros(())
    for logged in backward:
        left = (logged.exp() * inside[:, None, None, :]).sum(-1)
        total = total - left.clamp(min=1e-4).log().transpose(1, 2)[real].mean()
    return total


def _frame_losses(student: Student, heard: Tensor, frames: Tensor) -> list[Tensor]:
    heads = (student.word_head, student.word_before_head, student.place_head)
    flat = heard.flatten(0, 1)
    return [cross_entropy(h(flat), y.flatten()) for h, y in zip(heads, frames, strict=True)]


def decoder_losses(
    student: Student, batch: dict[str, Tensor], heard: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """What is asked of the decoder, given the encoder's states; figures worth printing."""
    states, backward, across = student.decode(batch["ids"], heard)
    keep = batch["labels"] != IGNORE
    logged = student.log_probabilities(states[keep], _forbidden(batch["ids"])[keep])
    parts = _label_losses(student, logged, batch["labels"][keep])
    answers = sum(parts[k] for k in ("text", "time", "flat", "nospeech")) / keep.sum()
    figures = {k: parts[k] / parts[f"{k}_count"].clamp(min=1) for k in ("text", "time", "language")}
    figures["look"] = _looking(across, batch)
    figures["back"] = _looking_back(backward, batch["ids"])
    weighted = 0.1 * figures["language"] + 0.3 * figures["look"] + 0.2 * figures["back"]
    return answers + weighted, figures


def losses(
    student: Student, batch: dict[str, Tensor], chunk: int, frame_weight: float
) -> tuple[Tensor, dict[str, float]]:
    """The loss of one batch (tensors), and figures worth printing."""
    heard = student.encode(batch["mel"], batch["offset"], chunk)
    total, figures = decoder_losses(student, batch, heard)
    word, before, place = _frame_losses(student, heard, batch["frames"])
    total = total + frame_weight * (word + before + 0.2 * place)
    figures |= {"word": word, "before": before}
    return total, {k: float(x.detach()) for k, x in figures.items()}


def usable_chunks(frames: int) -> list[int]:
    """Lengths of encoder chunks for windows of so many frames."""
    return [300, 375, 500, 750] if frames == CONTEXT else [0]
