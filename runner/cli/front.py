"""The front door: runs a command; an error becomes one sentence and an exit code."""

import signal
import sys
from io import TextIOWrapper
from typing import Any

from runner.job.errors import ConfigError, OptionsError, RunnerError
from runner.job.exits import CommandExit

SHELL = 128
"""What shells add to the number of the signal that ended a program."""
INTERRUPTED = SHELL + signal.SIGINT


class Unanswered(RunnerError):  # noqa: N818 - it is an answer, and reads like one
    """The command can't be carried out; ``code`` says in which way."""

    def __init__(self, text: str, code: CommandExit = CommandExit.FAILED) -> None:
        super().__init__(text)
        self.code = code


def main() -> None:
    """Run the command that the arguments name, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character
    # A reader who leaves ends us as it ends any program; whoever has something to tidy away
    # takes this back (``signals``).
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(_run())


def _run() -> int:
    try:
        from runner.cli.app import app

        code = app(prog_name="whisper-spool", standalone_mode=False)
        sys.stdout.flush()
    except RunnerError as error:
        return complain(str(error), code_of(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return complain(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - what is not of typer goes on from there
        return _of_typer(error)
    return int(code or 0)


def code_of(error: RunnerError) -> CommandExit:
    """Return the exit code for an error that was raised on purpose."""
    asked_wrongly = isinstance(error, ConfigError | OptionsError)
    fallback = CommandExit.USAGE if asked_wrongly else CommandExit.FAILED
    return error.code if isinstance(error, Unanswered) else fallback


def complain(sentence: str, code: CommandExit = CommandExit.FAILED) -> CommandExit:
    """Print one sentence on standard error; return ``code``."""
    from runner.job.printable import printable

    print(f"whisper-spool: {printable(sentence)}", file=sys.stderr)  # noqa: T201 - our voice
    return code


def _of_typer(error: Any) -> int:  # noqa: ANN401 - typer keeps the classes of its errors private
    """Return the exit code for an abort or a usage error; let everything else pass."""
    if type(error).__name__ == "Abort":  # what typer makes of Ctrl-C
        return INTERRUPTED
    if type(error).__name__ == "NoArgsIsHelpError":  # which has shown the help
        return CommandExit.USAGE
    if not hasattr(error, "format_message"):
        raise error
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    return complain(f"{error.format_message().rstrip('.')}{hint}", CommandExit.USAGE)
