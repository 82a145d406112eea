"""A runner whose processes can be found again: each carries a mark in its environment.

Purpose: ``Marked``, a ``Living`` with ``processes()``, ``tree()`` and files that say what to do.
"""

import fcntl
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.living import WAV, Living, wait_for

PROC = Path("/proc")
HERD = "tests.engines.menagerie"


class Marked(Living):
    """A living runner and all that comes of it."""

    def __init__(self, spool: Path, **settings: object) -> None:
        super().__init__(spool, **settings)
        self.mark = uuid.uuid4().hex
        self.more: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        kept = {"ZOO_MARK": self.mark, "RUNNER_WORKER_ENV_KEEP": "ZOO_MARK,KEPT_*"}
        return {**super().environment, **kept, **self.more}

    def processes(self) -> set[int]:
        """Every living process that has the mark, whoever its parent is by now."""
        mark = f"ZOO_MARK={self.mark}".encode()
        found = set()
        for path in PROC.iterdir():
            try:
                if path.name.isdecimal() and mark in (path / "environ").read_bytes().split(b"\0"):
                    found.add(int(path.name))
            except OSError:
                continue
        return found

    def tree(self) -> dict[int, list[int]]:
        """The children of the daemon, dead ones included, and theirs."""
        assert self.process
        return {child: children(child) for child in children(self.process.pid)}

    def meet(self, name: str, nature: str = "", **options: object) -> str:
        """Drop a recording with an option file; return the recording's name."""
        chosen = {"initial_prompt": nature, **options} if nature else options
        lines = [f"{key} = {value!r}\n".replace("'", '"') for key, value in chosen.items()]
        if lines:
            home = self.spool / "inbox"
            draft = home / f".{name}.toml.part"
            draft.write_text("".join(lines))
            draft.rename(home / f"{name}.toml")
        self.drop(name, WAV)
        return name

    def at_work(self) -> list[dict[str, Any]]:
        """The attempts whose engine has been called."""
        running = self.status().get("running") or []
        return [run for run in running if run.get("audio_seconds")]

    def ended(self, *names: str, seconds: float = 60.0) -> dict[str, tuple[str, dict[str, Any]]]:
        """Wait until the recordings are done or failed; return state and record of each."""
        found: dict[str, tuple[str, dict[str, Any]]] = {}

        def all_there() -> bool:
            for state in ("done", "failed"):
                for job in self.jobs(state):
                    record = self.record(state, job)
                    found[record["name"]["text"]] = (state, record)
            return set(names) <= found.keys()

        try:
            wait_for("the ends of all", all_there, seconds)
        except AssertionError as error:
            missing = set(names) - found.keys()
            message = f"{missing} did not end: {self.log.read_text()[-3000:]}"
            raise AssertionError(message) from error
        return found

    def free(self, state: str, job: str) -> bool:
        """Whether nobody holds the job's lease."""
        fd = os.open(self.spool / state / job, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True


def outcomes(record: dict[str, Any]) -> list[tuple[str, bool]]:
    """Outcome and charge of each attempt."""
    return [(a["outcome"], a.get("charged", True)) for a in record["attempts"]]


def children(pid: int) -> list[int]:
    """The children of a process."""
    found: list[int] = []
    for path in (PROC / str(pid) / "task").glob("*/children"):
        found += map(int, path.read_text().split())
    return found


@contextmanager
def marked(spool: Path, **settings: object) -> Iterator[Marked]:
    """Run a marked runner for the length of a block; it must take all its processes along."""
    runner = Marked(spool, **settings)
    try:
        yield runner.start()
        if runner.process and runner.process.poll() is None:
            runner.stop(seconds=60)
        wait_for("an empty house", lambda: not runner.processes(), 5)
    finally:
        for pid in runner.processes():  # only if the test has failed
            os.kill(pid, signal.SIGKILL)
        if runner.process:
            runner.process.wait(10)
