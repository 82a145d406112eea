"""Train the decoder alone: `python -m tests.demo_model.finish --start CHECKPOINT --out FILE`.

Purpose: the last part of the recipe.  A trained encoder hears the words; what goes wrong is the
decoder losing its place.  With the encoder at rest its states need computing once a window, so a
step costs a fraction of train.py's, can be larger, and cannot spoil what the encoder knows.

Guarantees
- Seeded: the same `--seed` on the same machine and torch gives the same weights.
- The checkpoint is written at the end, whole; the encoder's weights are those of CHECKPOINT.

Limits: CPU, one thread; 1.2 GB for the states of the default pool; a stopped run starts again.
"""

import argparse
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .losses import decoder_losses
from .network import Student, export
from .warm_start import start_from
from .windows import Scene, Words, random_prompt, random_scene, script, spectrogram, texts

SECONDS = 30.0
AT_ONCE = 8  # windows that are encoded together
RATE, WARM_UP, PROMPTED = 4e-4, 20, 0.6


@dataclass
class Pool:
    """Windows, each with the encoder's states (half precision) and the words it is made from."""

    heard: list[Tensor] = field(default_factory=list)
    scenes: list[tuple[Scene, Words]] = field(default_factory=list)

    def extend(self, student: Student, seed: list[int]) -> None:
        """Some more windows."""
        mels = []
        for number in range(AT_ONCE):
            rng = np.random.default_rng([*seed, number])
            scene, among = random_scene(rng, SECONDS)
            mels.append(torch.from_numpy(spectrogram(rng, scene)))
            scene.samples = np.zeros(0, np.float32)
            self.scenes.append((scene, among))
        with torch.no_grad():
            states = student.encode(torch.stack(mels), torch.zeros(AT_ONCE, dtype=torch.long), 0)
        self.heard += list(states.half())

    def draw(self, rng: np.random.Generator, size: int) -> tuple[Tensor, dict[str, Tensor]]:
        """A batch: states, and what to answer after a fresh prompt or after none."""
        prompted = rng.random() < PROMPTED
        chosen = rng.integers(0, len(self.scenes), size)
        scripts = []
        for scene, among in (self.scenes[i] for i in chosen):
            asked = prompted and rng.random() < 0.9
            prompt = random_prompt(rng, scene.language, among) if asked else []
            scripts.append(script(rng, scene, SECONDS, 0, prompt))
        arrays = {k: torch.from_numpy(a) for k, a in texts(scripts).items()}
        return torch.stack([self.heard[i] for i in chosen]).float(), arrays


def fill(student: Student, seed: int, windows: int) -> Pool:
    """The pool of a run."""
    pool = Pool()
    for number in range(0, windows, AT_ONCE):
        pool.extend(student, [seed, 1, number])
    return pool


def train(student: Student, pool: Pool, seed: int, steps: int, size: int) -> None:
    """All steps: a short warm-up, then a line down to nothing; reports every 50."""
    student.whisper.encoder.requires_grad_(requires_grad=False)
    named = student.named_parameters()
    moving = [p for n, p in named if p.requires_grad and "_head." not in n]
    # Without weight decay and its groups: with train.py's optimizer this diverged (README.md).
    optimizer = torch.optim.AdamW(moving, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)
    began = time.monotonic()
    shown: dict[str, list[float]] = defaultdict(list)
    for step in range(steps):
        heard, arrays = pool.draw(np.random.default_rng([seed, 2, step]), size)
        loss, figures = decoder_losses(student, arrays, heard)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * (1 - step / steps)
        optimizer.step()
        for name, figure in figures.items():
            shown[name].append(float(figure.detach()))
        if step % 50 == 49:
            means = " ".join(f"{k}={np.mean(x):.3f}" for k, x in shown.items())
            print(f"{step + 1} {time.monotonic() - began:.0f}s {means}", flush=True)
            shown.clear()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--start", type=Path, required=True, help="checkpoint of train.py")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--windows", type=int, default=3040, help="windows in the pool")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--size", type=int, default=16, help="windows a step")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.nice(5)
    torch.manual_seed(arguments.seed)
    student = Student()
    start_from(student, arguments.start)
    pool = fill(student, arguments.seed, arguments.windows)
    print(f"{len(pool.scenes)} windows encoded", flush=True)
    train(student, pool, arguments.seed, arguments.steps, arguments.size)
    export(student, arguments.out)


if __name__ == "__main__":
    main()
