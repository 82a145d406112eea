"""Measure a checkpoint: `python -m tests.demo_model.evaluate MODEL CLIPS [--show]`.

Purpose: what the whisper command would write for each held-out clip, against what was said.

Guarantees
- Clips go through `whisper.load_model` and `model.transcribe` with the command's default options
  (`COMMAND_DEFAULTS`), language detected.
- A segment counts as matched when some segment of the answer has exactly its words; its start is
  then compared with the nearest such segment.

Limits: one process, one thread; whisper's sampling is seeded before each clip.
"""

import argparse
import json
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import whisper

from .recordings import read

COMMAND_DEFAULTS = {
    "beam_size": 5,
    "best_of": 5,
    "temperature": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "condition_on_previous_text": True,
}


@dataclass(frozen=True)
class Outcome:
    """One clip and what came out."""

    clip: dict[str, Any]
    language: str
    segments: list[dict[str, Any]]
    text: str
    seconds: float

    @property
    def wanted(self) -> list[str]:
        """The words that were said."""
        return [w for s in self.clip["segments"] for w in s["text"].split()]

    @property
    def errors(self) -> int:
        """How many words are wrong, missing or too many."""
        return word_errors(self.wanted, self.text.split())

    @property
    def start_errors(self) -> list[float]:
        """For each matched segment, how late it starts, in seconds."""
        late = []
        for wanted in self.clip["segments"]:
            words = wanted["text"].split()
            same = [s["start"] for s in self.segments if s["text"].split() == words]
            if same:
                late.append(min((s - wanted["start"] for s in same), key=abs))
        return late


def word_errors(wanted: list[str], heard: list[str]) -> int:
    """Fewest insertions, deletions and substitutions that turn one into the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
            diagonal, row[j] = row[j], best
    return row[-1]


def load(path: Path) -> whisper.Whisper:
    """The checkpoint as whisper loads it, on one thread of the CPU."""
    torch.set_num_threads(1)
    return whisper.load_model(str(path), device="cpu")


def transcribe(model: whisper.Whisper, clips: Path, clip: dict[str, Any]) -> Outcome:
    """One clip through whisper, as the command would."""
    torch.manual_seed(0)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = model.transcribe(read(clips / clip["file"]), fp16=False, **COMMAND_DEFAULTS)
    passed = time.perf_counter() - began
    return Outcome(clip, answer["language"], answer["segments"], answer["text"], passed)


def manifest(clips: Path) -> list[dict[str, Any]]:
    """The clips of a folder made by heldout.py."""
    entries: list[dict[str, Any]] = json.loads((clips / "manifest.json").read_text("utf-8"))
    return entries


def error_rate(outcomes: Iterable[Outcome]) -> float:
    """Word errors per word said."""
    outcomes = list(outcomes)
    return sum(o.errors for o in outcomes) / max(1, sum(len(o.wanted) for o in outcomes))


def summary(name: str, outcomes: list[Outcome]) -> str:
    """One line of figures for a group."""
    late = np.abs([e for o in outcomes for e in o.start_errors])
    starts = f"{np.median(late):.3f}/{late.max():.3f}" if len(late) else "-"
    right = sum(o.language == o.clip["lang"] for o in outcomes)
    hot = sum(any(s["temperature"] > 0 for s in o.segments) for o in outcomes)
    audio = sum(o.clip["duration"] for o in outcomes)
    return (
        f"{name:10} clips {len(outcomes):3} words {sum(len(o.wanted) for o in outcomes):4} "
        f"errors {sum(o.errors for o in outcomes):3} WER {100 * error_rate(outcomes):5.2f} % "
        f"exact {sum(o.errors == 0 for o in outcomes):3} language {right:3} "
        f"starts {starts} matched {len(late)}/{sum(len(o.clip['segments']) for o in outcomes)} "
        f"fallback {hot} speed {sum(o.seconds for o in outcomes) / audio:.3f}"
    )


def show(outcome: Outcome) -> None:
    """What was said and what came out, where they differ."""
    if outcome.errors or outcome.language != outcome.clip["lang"] or not outcome.wanted:
        print(f"-- {outcome.clip['name']} {outcome.language}\n   {' '.join(outcome.wanted)}")
        print(f"  {outcome.text}  [{len(outcome.segments)} segments]")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--show", action="store_true", help="print every clip with an error")
    parser.add_argument("--groups", default="", help="only these groups, with commas")
    arguments = parser.parse_args()
    model = load(arguments.model)
    groups: dict[str, list[Outcome]] = {}
    for clip in manifest(arguments.clips):
        if not arguments.groups or clip["group"] in arguments.groups.split(","):
            outcome = transcribe(model, arguments.clips, clip)
            groups.setdefault(clip["group"], []).append(outcome)
            if arguments.show:
                show(outcome)
    for name, outcomes in groups.items():
        print(summary(name, outcomes), flush=True)
    print(summary("all", [o for outcomes in groups.values() for o in outcomes]))


if __name__ == "__main__":
    main()
