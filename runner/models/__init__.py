"""Models: where a checkpoint lies, what it hashes to, its converted form, how it gets here.

Purpose: ``locate`` a model by name; ``prepare`` it for mapping (converted once, under a lock);
``pull`` an official one. ``python -m runner.models`` is the program that does it.
Guarantees: a file that is mapped somewhere is never rewritten in place; a half-written file has
another name; two processes do not do the same work at the same time.
Diagnostics: ``EngineError`` of one sentence.
Limits: imports torch and whisper; the daemon starts it as a program.
"""

from runner.models.catalogue import Official, names, official
from runner.models.convert import Weights, prepare
from runner.models.locate import DEMO, Located, locate
from runner.models.pull import pull

__all__ = [
    "DEMO",
    "Located",
    "Official",
    "Weights",
    "locate",
    "names",
    "official",
    "prepare",
    "pull",
]
