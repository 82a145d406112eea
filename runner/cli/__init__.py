"""The command line: ``whisper-spool`` and ``python -m runner``.

Purpose: builds the house for each command; a room is loaded only by the command that needs it.
Guarantees: what goes wrong on purpose is one sentence on standard error and a documented exit
code (``runner.job.exits.CommandExit``), never a traceback; Ctrl-C and a closed pipe are quiet.
"""

import sys
from io import TextIOWrapper

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


def main() -> None:
    """Run the command that the arguments name, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character
    try:
        from runner.cli.app import app

        app(prog_name="whisper-spool")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
