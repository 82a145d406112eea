"""A job's options: openai-whisper's own names, layered, validated, limits that only lower.

Purpose: ``parse`` reads one option file, ``merge`` lays files over each other, ``effective``
gives the full options of a job for the worker's order.
Guarantees: pure; an error is an ``OptionsError`` of one sentence naming file and key.
"""

from runner.options.layers import Merged, effective, merge
from runner.options.model import JobOptions
from runner.options.parse import parse

__all__ = ["JobOptions", "Merged", "effective", "merge", "parse"]
