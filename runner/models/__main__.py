"""``python -m runner.models``: get models onto this machine.

    pull NAME --model-dir D      fetch an official model; on a machine without an accelerator
                                 convert it for the CPU too
    list --model-dir D           the models and whether they are there

Output: one JSON object a line: ``event``, and ``percent``, ``reason``, ``path``, … as they apply.
Exit status: 0; 1, or 2 for a name that nobody has, with a last line
``{"event": "failed", "reason": sentence}``.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from runner.job.errors import RunnerError
from runner.job.exits import CommandExit
from runner.models import DEMO, locate, names, official, prepare, pull


def say(news: dict[str, Any]) -> None:
    """Report one line."""
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def convert(model: str, model_dir: Path) -> None:
    """Make the float32 form that workers map."""
    say({"event": "converting", "model": model})
    weights = prepare(locate(model, model_dir), model_dir)
    say({"event": "ready", "model": model, "sha256": weights.sha256, "mapped": weights.mapped})


def accelerated() -> bool:
    """Return whether this machine would run the original checkpoint on an accelerator."""
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def run(arguments: argparse.Namespace) -> None:
    """Do what was asked."""
    model_dir = arguments.model_dir.expanduser()
    if arguments.verb == "list":
        for name in (DEMO, *names()):
            known = official(name)
            here = known is None or (model_dir / known.file).is_file()
            say({"event": "model", "model": name, "present": here})
        return
    pull(arguments.model, model_dir, say)
    if not accelerated():
        convert(arguments.model, model_dir)


def main() -> int:
    """Parse, run, and turn an error into a line."""
    parser = argparse.ArgumentParser(prog="python -m runner.models", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("pull", "list"):
        command = verbs.add_parser(verb)
        if verb == "pull":
            command.add_argument("model")
        command.add_argument("--model-dir", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        run(arguments)
    except RunnerError as error:
        say({"event": "failed", "reason": str(error)})
        unknown = arguments.verb == "pull" and official(arguments.model) is None
        return CommandExit.USAGE if unknown else CommandExit.FAILED
    return CommandExit.OK


if __name__ == "__main__":
    sys.exit(main())
