"""A pool at work in a test: real templates and workers, jobs that are folders with a lease.

Purpose: ``Shift`` makes orders, turns the pool until something is true, and closes it.
"""

import errno
import json
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from runner.config import Settings
from runner.job.outcomes import Outcome
from runner.job.wire import Order
from runner.pool import Event, Finished, Lost, Noted, Pool, Ready, WorkerRef
from runner.pool.machine import Machine
from tests.e2e.living import WAV
from tests.e2e.marked import children

PLENTY = Machine(cpus=2, memory_bytes=8 * 1024**3)
Kind = TypeVar("Kind", bound=Event)


class Shift:
    """One pool, and the jobs that it was given."""

    def __init__(self, spool: Path, machine: Machine = PLENTY, **settings: Any) -> None:
        self.spool = spool
        defaults = {
            "engine": "tests.engines.menagerie", "model": "m", "device": "cpu", "slots": 2,
            "kill_grace_seconds": 0.5, "stall_seconds": 20.0,
        }  # fmt: skip
        self.settings = Settings(spool=spool, **{**defaults, **settings})
        self._before = set(children(os.getpid()))
        self.pool = Pool(self.settings, machine=machine)
        self.events: list[Event] = []
        self._number = 0

    def children(self) -> list[int]:
        """The processes that the pool has started; the test run may have others."""
        return [pid for pid in children(os.getpid()) if pid not in self._before]

    def turn(self) -> None:
        """One turn, with a little sleep until something happens."""
        select.select([self.pool], [], [], 0.02)
        self.events += self.pool.tick(time.monotonic())

    def until(self, what: str, check: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Turn until ``check`` returns something true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := check():
                return value
            self.turn()
        raise AssertionError(f"not within {seconds:g} s: {what}; {self.events}")

    def told(self, ref: WorkerRef, kind: type[Kind]) -> Kind | None:
        """Return the first event of a kind about a worker."""
        found = (e for e in self.events if isinstance(e, kind) and e.ref == ref)
        return next(found, None)

    def notes(self) -> list[str]:
        """What was noted of the pool itself."""
        return [event.word for event in self.events if isinstance(event, Noted)]

    def ready(self, **wanted: Any) -> Ready:
        """Ask for a worker and wait for it."""
        ref = self.pool.request(**wanted)
        self.until("a worker", lambda: self.told(ref, Ready) or self.told(ref, Lost))
        ready = self.told(ref, Ready)
        assert ready, self.events
        return ready

    def order(self, ref: WorkerRef, nature: str = "", **more: Any) -> Path:
        """Give a worker a job; return the attempt's folder."""
        self._number += 1
        folder = self.spool / "active" / f"job-{self._number}"
        attempt = folder / "attempt-1"
        attempt.mkdir(parents=True)
        source = folder / "source"
        source.write_bytes(WAV)
        order = Order(
            job=folder.name, attempt=1, source=str(source), attempt_dir=str(attempt),
            source_name="talk.wav", source_size=len(WAV), options={"initial_prompt": nature},
            **{"formats": ("json",), "kill_grace_seconds": 0.5, **more},
        )  # fmt: skip
        lease = os.open(folder, os.O_RDONLY)
        self.pool.order(ref, order, lease_fd=lease, now=time.monotonic())
        os.close(lease)
        return attempt

    def finished(self, ref: WorkerRef) -> Outcome:
        """Wait for the end of an attempt."""
        self.until("its end", lambda: self.told(ref, Finished))
        end = self.told(ref, Finished)
        assert end
        return end.outcome

    def job(self, nature: str = "", **wanted: Any) -> tuple[Ready, Outcome, Path]:
        """Do one job from request to end."""
        ready = self.ready(**wanted)
        attempt = self.order(ready.ref, nature)
        return ready, self.finished(ready.ref), attempt

    def testimony(self, **wanted: Any) -> dict[str, Any]:
        """Return what a worker sees from inside."""
        _, outcome, attempt = self.job("witness", **wanted)
        assert outcome.kind == "end", outcome
        text = json.loads((attempt / "rendering.json").read_text())["text"]
        return dict(json.loads(text))


@contextmanager
def shift(spool: Path, **settings: Any) -> Iterator[Shift]:
    """Run a pool for the length of a block."""
    working = Shift(spool, **settings)
    try:
        yield working
    finally:
        working.pool.close()


def parent_of(pid: int) -> int:
    """Whose child it is."""
    return int(field_of(pid, "PPid"))


def field_of(pid: int, name: str) -> str:
    """A field of a process's status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def standby(work: Shift) -> int:
    """The process of a worker that waits for nobody in particular, once it could take an order."""
    return next((w.pid for w in work.pool.workers() if w.parked and w.waiting), 0)


def out_of_descriptors(*_: object, **_more: object) -> None:
    """Fail as the system does."""
    raise OSError(errno.EMFILE, "Too many open files")
