"""The front door of the command line: errors become one sentence and an exit code.

Purpose: ``Front``, the class of the root command.
Guarantees: see the package. A full disk under standard output is an error like any other.
Diagnostics: a fault of the program itself keeps its traceback: it wants to be reported.
"""

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from runner.cli.jobs import Unanswered
from runner.cli.screen import complain
from runner.job.errors import ConfigError, OptionsError, RunnerError
from runner.job.exits import CommandExit

CLOSED_PIPE = 141
"""128 + SIGPIPE: what a shell shows of any program whose reader has gone."""


class Front(TyperGroup):
    """Runs the command, then says what went wrong, if anything."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:  # noqa: ANN401 - as typer's
        """Run and exit."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            _close_quietly()
            code = CLOSED_PIPE
        except RunnerError as error:
            code = complain(str(error), code_of(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            code = complain(f"{where}{error.strerror or error}", CommandExit.FAILED)
        except typer.Abort:
            code = CommandExit.FAILED
        except Exception as error:
            # typer keeps its usage errors private; they all can say what they are.
            if not hasattr(error, "format_message"):
                raise
            code = getattr(error, "exit_code", CommandExit.USAGE)
            if type(error).__name__ != "NoArgsIsHelpError":  # which has shown the help
                complain(_usage(error))
        sys.exit(int(code or 0))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's private class
        """Run; a closed pipe must not be taken for an error of ours."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _close_quietly()
            raise typer.Exit(CLOSED_PIPE) from None


def code_of(error: RunnerError) -> CommandExit:
    """Return the exit code for an error that was raised on purpose."""
    if isinstance(error, Unanswered):
        return error.code
    asked_wrongly = isinstance(error, ConfigError | OptionsError)
    return CommandExit.USAGE if asked_wrongly else CommandExit.FAILED


def _usage(error: Any) -> str:  # noqa: ANN401 - typer's private class
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    return f"{error.format_message().rstrip('.')}{hint}"


def _close_quietly() -> None:
    """Let the interpreter flush into nothing at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
