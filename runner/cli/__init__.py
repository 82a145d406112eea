"""The command line: ``whisper-spool`` and ``python -m runner``.

Purpose: a module for each command, named like it; a room is loaded only by the command that
needs it.
Guarantees: what goes wrong on purpose is one sentence on standard error and a documented exit
code (``runner.job.exits.CommandExit``), never a traceback; Ctrl-C and a closed pipe are quiet.
Diagnostics: a fault of the program itself keeps its traceback: it wants to be reported.
"""

from runner.cli.front import main

__all__ = ["main"]
