"""Typing commands: the real program in a process of its own, as a person or a script has it.

Purpose: ``typed`` runs one command, ``begun`` starts one; ``House`` is a spool with one job of
every kind and a runner that is at work on it.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from runner.cli import main
from tests.e2e.living import QUICK, ROOT, Living, wait_for

DEADLINE_SECONDS = 60
for module in ("doctor_machine", "doctor_spool", "dropping", "following", "tables"):
    import_module(f"runner.cli.{module}")  # and with them all that a command loads when it runs
for module in (
    "runner.cli.app",
    "runner.dispatcher",
    "runner.options",
    "rich.live",
    "typer.rich_utils",
):
    import_module(module)
NASTY = "bad🎤\x1b[2Jx\ny.mp3"
"""A name that would clear a terminal's screen and begin a second line."""
NASTY_SHOWN = r"bad🎤\x1b[2Jx\ny.mp3"


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What it complained of: one line on standard error, or the test fails."""
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("whisper-spool: ")
        return self.err.removeprefix("whisper-spool: ").rstrip("\n")


def program(*words: object) -> list[str]:
    """The words of a command, for another program to begin."""
    return [sys.executable, "-m", "runner", *map(str, words)]


def environment(spool: Path | None = None, **more: object) -> dict[str, str]:
    """What a command gets to see: quick settings, and nothing of ours but the path."""
    keep = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "CI"}}
    own = {"RUNNER_SPOOL": str(spool)} if spool else {}
    return {**keep, **QUICK, **own, **{k: str(v) for k, v in more.items()}}


def begun(
    *words: object, spool: Path | None = None, env: Mapping[str, object] | None = None, **extra: Any
) -> subprocess.Popen[str]:
    """Begin a command."""
    return subprocess.Popen(
        program(*words),
        env=environment(spool, **(env or {})),
        **{
            "cwd": ROOT, "text": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE, **extra,
        },
    )  # fmt: skip


def ended(process: subprocess.Popen[str], seconds: float = 60) -> Said:
    """Wait for a command, which must never show a traceback."""
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in (err or ""), err
    return Said(process.returncode, out or "", err or "")


def typed(
    *words: object, spool: Path | None = None, env: Mapping[str, object] | None = None
) -> Said:
    """Type one command.

    It runs in a fork of this process, which has the command line loaded: starting an interpreter
    for each of some hundred commands would take minutes. ``begun`` starts one.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(list(map(str, words)), environment(spool, **(env or {})), out, err)
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    assert "Traceback" not in texts[1], texts[1]
    return Said(os.waitstatus_to_exitcode(status), *texts)


def _become(words: list[str], seen: dict[str, str], out: IO[bytes], err: IO[bytes]) -> NoReturn:
    """Be the program: its arguments, its environment, its streams; then end."""
    code: object = 99
    try:
        signal.alarm(DEADLINE_SECONDS)
        os.chdir(ROOT)
        os.environ.clear()
        os.environ.update(seen)
        for number, fd in enumerate((os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno())):
            os.dup2(fd, number)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "rww"[n]) for n in range(3))
        sys.argv = ["whisper-spool", *words]
        try:
            main()
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - whatever it is, it must not become the test's
        traceback.print_exc()
    finally:
        os._exit(code if isinstance(code, int) else 0)


def listed(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def stopped(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Hold a process for the length of a block."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def quickest(*words: object, times: int = 2, **extra: Any) -> float:
    """Return the seconds a command takes when the machine is not busy with something else."""

    def once() -> float:
        start = time.monotonic()
        assert typed(*words, **extra).code == 0
        return time.monotonic() - start

    return min(once() for _ in range(times))


class House(Living):
    """One of each: done, failed, running, waiting, waiting for another attempt, damaged."""

    def __init__(self, spool: Path) -> None:
        super().__init__(
            spool, engine="tests.engines.slow", slots=1, formats="txt,json", drain_seconds=0.2
        )

    def furnish(self) -> None:
        """Drop the files and wait until each is where it should be."""
        self.drop(NASTY, b"these are words, not music")
        self.bad = wait_for("a failed job", lambda: self.jobs("failed"))[0]
        self.drop("again.mp3", b"<html>")
        self.drop("ok.wav")
        self.delivered("ok.json")
        (self.done,) = wait_for("a done job", lambda: self.jobs("done"))
        both = wait_for("two failed jobs", lambda: (j := self.jobs("failed"))[1:] and j)
        self.again = next(job for job in both if job != self.bad)
        (self.spool / "inbox/long.wav.toml").write_text('initial_prompt = "100"')
        self.drop("long.wav")
        self.running = wait_for("progress", self.at_work)
        assert typed("retry", self.again, spool=self.spool).code == 0
        self.drop("next.wav")
        wait_for("next.wav waiting", lambda: self.waiting() == ["next.wav"])
        wait_for("again.mp3 waiting", lambda: self.status()["counts"]["deferred"] == 1)
        self.damaged = "0" * 26
        folder = self.spool / "failed" / self.damaged
        folder.mkdir()
        (folder / "job.json").write_text('{"id": 3')

    def waiting(self) -> list[str]:
        """The files that wait in the inbox, as the runner sees them."""
        return [file["name"] for file in self.status().get("waiting", [])]

    def at_work(self) -> str:
        """The job of long.wav, once a worker has got somewhere with it."""
        running = self.status().get("running", [])
        far = (job["id"] for job in running if job["name"] == "long.wav" and job.get("progress"))
        return str(next(far, ""))
