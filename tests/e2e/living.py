"""A living runner for end-to-end tests: the real program on a spool of its own.

Purpose: ``Living`` starts ``python -m runner run``, drops files, waits for what must come true.
Guarantees: nothing sleeps blindly; every wait has a deadline and says what it waited for.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "RUNNER_ENGINE": "tests.engines.echo",
    "RUNNER_MODEL": "echo",
    "RUNNER_DEVICE": "cpu",
    "RUNNER_SLOTS": "2",
    "RUNNER_SETTLE_SECONDS": "0.2",
    "RUNNER_RETRY_SECONDS": "0.1",
    "RUNNER_MIN_FREE_BYTES": "0",
    "RUNNER_KILL_GRACE_SECONDS": "0.5",
    "RUNNER_HEARTBEAT_SECONDS": "0.2",
}


def silence(seconds: float = 0.1) -> bytes:
    """Return a 16 kHz mono wav of silence."""
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(2 * int(16000 * seconds)))
    return memory.getvalue()


WAV = silence()


def wait_for(what: str, check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return the first true value of ``check``, or fail saying ``what`` never came true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(0.01)
    message = f"not within {seconds:g} s: {what}"
    raise AssertionError(message)


class Living:
    """A runner's process and its spool."""

    prefix: Sequence[str] = ()
    """Words before the program's own: to start it as somebody else."""

    def __init__(self, spool: Path, **settings: object) -> None:
        self.spool = spool
        self.settings = {f"RUNNER_{k.upper()}": str(v) for k, v in settings.items()}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = spool.parent / f"{spool.name}-{self.name}.log"

    @property
    def name(self) -> str:
        """The runner's name."""
        return self.settings.get("RUNNER_RUNNER_NAME", "runner")

    @property
    def environment(self) -> dict[str, str]:
        """What the runner gets to see: nothing of ours but the path."""
        keep = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "CI"}}
        return {**keep, **QUICK, **self.settings, "RUNNER_SPOOL": str(self.spool)}

    def launch(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start ``run``; do not wait."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "runner", "run", *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        return self.process

    def start(self) -> Self:
        """Start ``run`` and wait until it watches."""
        self.launch()
        wait_for(f"a runner ({self.log.read_text()[-2000:]})", self.alive)
        return self

    def once(self, seconds: float = 30.0) -> int:
        """Run ``run --once`` to its end; return its exit status."""
        process = self.launch("--once")
        try:
            return process.wait(seconds)
        finally:
            process.kill()
            process.wait(10)

    def working(self) -> int:
        """Wait until an attempt runs; return its worker's process number."""
        pid = wait_for("a job", lambda: (self.status().get("running") or [{}])[0].get("pid"))
        return int(pid)

    def alive(self) -> bool:
        """Whether it has reported since it was started."""
        assert self.process
        if self.process.poll() is not None:
            raise AssertionError(f"exit {self.process.returncode}: {self.log.read_text()[-3000:]}")
        status = self.status()
        return status.get("pid") == self.process.pid and status.get("state") != "starting"

    def status(self) -> dict[str, Any]:
        """What the runner says of itself."""
        try:
            return dict(json.loads((self.spool / f"run/{self.name}/status.json").read_text()))
        except (OSError, ValueError):
            return {}

    def stop(self, how: int = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Signal it and return its exit status."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)

    def drop(self, name: str, data: bytes = WAV, folder: str = "") -> Path:
        """Move a file into the inbox, as a careful tool does."""
        home = self.spool / "inbox" / folder
        home.mkdir(parents=True, exist_ok=True)
        temporary = home / f".{name[:100]}.part"
        temporary.write_bytes(data)
        return temporary.rename(home / name)

    def drop_slow(self, name: str, seconds: float) -> Path:
        """Drop a file that the engine ``slow`` takes so long for."""
        sidecar = self.spool / "inbox" / f"{name}.toml"
        sidecar.write_text(f'initial_prompt = "{seconds}"\n')
        return self.drop(name)

    def outputs(self) -> set[str]:
        """The names in the outbox, relative."""
        box = self.spool / "outbox"
        return {str(p.relative_to(box)) for p in box.rglob("*") if p.is_file()}

    def delivered(self, *names: str, seconds: float = 20.0) -> None:
        """Wait for files in the outbox."""
        wait_for(f"{names} in the outbox", lambda: set(names) <= self.outputs(), seconds)

    def jobs(self, state: str) -> list[str]:
        """The ids in one state."""
        return sorted(p.name for p in (self.spool / state).iterdir())

    def record(self, state: str, job: str | None = None) -> dict[str, Any]:
        """A job's record; the only one of that state where no id is given."""
        job = job or self.jobs(state)[0]
        return dict(json.loads((self.spool / state / job / "job.json").read_text()))


@contextmanager
def living(spool: Path, **settings: object) -> Iterator[Living]:
    """Run a runner for the length of a block, and leave nothing behind."""
    with running(Living(spool, **settings)) as runner:
        yield runner


@contextmanager
def running(runner: Living) -> Iterator[Living]:
    """Start a runner, and end it with the block."""
    try:
        yield runner.start()
    finally:
        if runner.process and runner.process.poll() is None:
            runner.process.send_signal(signal.SIGTERM)
            try:
                runner.process.wait(10)
            except subprocess.TimeoutExpired:
                runner.process.kill()
                runner.process.wait(10)
