"""Train the demo model: `python -m tests.demo_model.train --out FILE [--start CHECKPOINT]`.

Purpose: make a checkpoint such as runner/demo/model.pt with nothing but espeak-ng and this folder,
or with `--start` go on from one.

Guarantees
- Seeded: the same `--seed` on the same machine and torch gives the same weights; examples depend
  on (seed, step) only.
- Every 100 steps the checkpoint and, beside it, NAME.train (everything needed to go on) are
  replaced atomically; started again with the same arguments it goes on where it stopped, and ends
  with the same weights as one uninterrupted run.

Limits: CPU, one torch thread and one process that makes examples (2.5 GB together); how
long that takes and what comes out is in README.md.
"""

import argparse
import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from .losses import losses, usable_chunks
from .network import Student, export
from .warm_start import start_from
from .windows import FRAMES, Arrays, batch

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

QUEUE = 3


@dataclass(frozen=True)
class Phase:
    """Some steps of one kind; rate and frame weight go in a line from first to last."""

    steps: int
    seconds: float  # length of the windows
    size: int  # windows a step
    prompts: float  # share of batches with prompts
    full: float  # share of steps with full encoder attention
    rate: tuple[float, float]
    frame_weight: tuple[float, float]


# From a checkpoint (--start): a few short windows until the fresh parts fit, then whole windows.
CONTINUED = [
    Phase(40, 6, 24, 0.0, 1.0, (0.0, 7e-4), (0.5, 0.5)),
    Phase(300, 30, 6, 0.5, 1.0, (7e-4, 7e-4), (0.3, 0.2)),
    Phase(260, 30, 6, 0.5, 1.0, (7e-4, 3e-4), (0.2, 0.15)),
    Phase(300, 30, 6, 0.5, 1.0, (4e-4, 1.53125e-4), (0.15, 0.0875)),
    Phase(120, 30, 6, 0.5, 1.0, (1.5e-4, 3e-6), (0.0875, 0.05)),
]
# From nothing: words first, on short windows; then the place among 30 s.
WHOLE = [
    Phase(100, 6, 24, 0.0, 1.0, (0.0, 2e-3), (0.5, 0.5)),
    Phase(1500, 6, 24, 0.1, 1.0, (2e-3, 1.5e-3), (0.5, 0.5)),
    Phase(1000, 30, 8, 0.3, 0.1, (1.5e-3, 1e-3), (0.5, 0.3)),
    Phase(1000, 30, 8, 0.5, 1.0, (8e-4, 5e-6), (0.3, 0.05)),
]


def plan(schedule: list[Phase]) -> Iterator[tuple[int, Phase, float]]:
    """Each step's number, phase, and how far it is through the phase (0 to 1)."""
    number = 0
    for phase in schedule:
        for i in range(phase.steps):
            yield number, phase, i / phase.steps
            number += 1


def between(ends: tuple[float, float], share: float) -> float:
    """The point of a line at this share of its length."""
    return ends[0] + (ends[1] - ends[0]) * share


def feed(queue: "Queue[Arrays]", schedule: list[Phase], seed: int, first: int) -> None:
    """The process that makes examples, in order, a few steps ahead."""
    torch.set_num_threads(1)
    for number, phase, _ in plan(schedule):
        if number >= first:
            queue.put(batch([seed, number], phase.seconds, phase.size, phase.prompts))


def chunk_for(seed: int, step: int, phase: Phase) -> int:
    """How far the encoder looks at this step (0: everywhere)."""
    rng = np.random.default_rng([seed, step, 1])
    if rng.random() < phase.full:
        return 0
    return int(rng.choice(usable_chunks(round(phase.seconds * FRAMES))))


def optimizer_for(student: Student) -> torch.optim.Optimizer:
    """AdamW; vectors and positions do not decay."""
    named = [(n, p) for n, p in student.named_parameters() if p.requires_grad]
    free = [p for n, p in named if p.ndim < 2 or "positional" in n]
    decayed = [p for n, p in named if not (p.ndim < 2 or "positional" in n)]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))


class Training:
    """Student, optimizer and step number, as stored beside the checkpoint."""

    def __init__(self, seed: int, out: Path, start: Path | None = None) -> None:
        torch.manual_seed(seed)
        self.seed, self.out, self.step = seed, out, 0
        self.student = Student()
        if start:
            print("tokens that start fresh:", len(start_from(self.student, start)))
        self.optimizer = optimizer_for(self.student)
        self.stored = out.with_name(out.name + ".train")
        if self.stored.exists():
            self._resume()

    def _resume(self) -> None:
        state = torch.load(self.stored)
        self.student.load_state_dict(state["student"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def save(self) -> None:
        """Write the checkpoint and what is needed to go on."""
        export(self.student, self.out)
        state = {
            "student": self.student.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        unfinished = self.stored.with_name(f".{self.stored.name}.tmp")
        torch.save(state, unfinished)
        unfinished.replace(self.stored)

    def take_step(self, arrays: Arrays, phase: Phase, share: float) -> dict[str, float]:
        """One update; returns the figures of its batch."""
        tensors = {k: torch.from_numpy(a) for k, a in arrays.items()}
        chunk = chunk_for(self.seed, self.step, phase)
        weight = between(phase.frame_weight, share)
        loss, figures = losses(self.student, tensors, chunk, weight)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = between(phase.rate, share)
        self.optimizer.step()
        self.step += 1
        return figures


def run(training: Training, schedule: list[Phase], queue: "Queue[Arrays]") -> None:
    """The rest of a schedule, reporting every 25 steps and saving every 100."""
    began = time.monotonic()
    shown: dict[str, list[float]] = defaultdict(list)
    waited = 0.0
    for number, phase, share in plan(schedule):
        if number < training.step:
            continue
        before = time.monotonic()
        arrays = queue.get()
        waited += time.monotonic() - before
        for name, figure in training.take_step(arrays, phase, share).items():
            shown[name].append(figure)
        if training.step % 25 == 0:
            means = " ".join(f"{k}={np.mean(x):.3f}" for k, x in shown.items())
            passed = time.monotonic() - began
            print(f"{training.step} {passed:.0f}s waited={waited:.0f}s {means}", flush=True)
            shown.clear()
        if training.step % 100 == 0:
            training.save()
    training.save()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--start", type=Path, help="begin from this checkpoint (warm_start.py)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.nice(5)
    training = Training(arguments.seed, arguments.out, arguments.start)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(QUEUE)
    schedule = CONTINUED if arguments.start else WHOLE
    feeder = (queue, schedule, arguments.seed, training.step)
    process = context.Process(target=feed, args=feeder, daemon=True)
    process.start()
    run(training, schedule, queue)
    process.join()


if __name__ == "__main__":
    main()
