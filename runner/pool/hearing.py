"""From what a worker says to what the dispatcher is told.

Purpose: ``listen(worker, messages, ...)`` and ``announce``.
Guarantees: nothing is believed out of turn: news of work counts only while there is an order, and
nothing after END. Of a burst of progress only the newest is told.
"""

from collections.abc import Callable
from typing import Any

from runner.pool.events import Accepted, EndSeen, Event, Length, Progress, Ready, WorkerRef
from runner.pool.member import Worker
from runner.pool.news import (
    Said,
    SaidAccepted,
    SaidEnd,
    SaidLength,
    SaidProgress,
    SaidReady,
    SaidRefused,
    read,
)  # fmt: skip
from runner.pool.watch import Clock

Tell = Callable[[Event], None]


def listen(worker: Worker, messages: list[dict[str, Any]], now: float, tell: Tell) -> None:
    """Take in what came in one go."""
    progress: SaidProgress | None = None
    for message in messages:
        said = read(message)
        if isinstance(said, SaidProgress):
            progress = said
        elif said is not None:
            _hear(worker, said, now, tell)
    if progress is not None:
        _hear(worker, progress, now, tell)


def announce(worker: Worker, tell: Tell) -> None:
    """Tell that it is ready, if it is and somebody waits for it."""
    if worker.announced or worker.ref is None or worker.ready is None or not worker.waiting:
        return
    worker.announced = worker.fresh = True
    ready = Ready(
        ref=worker.ref, pid=worker.pid, model=worker.key.model, device=worker.key.device,
        why=worker.why, how=worker.how, cage=worker.ready.cage,
    )  # fmt: skip
    tell(ready)


def _hear(worker: Worker, said: Said, now: float, tell: Tell) -> None:
    if isinstance(said, SaidReady):
        worker.ready = worker.ready or said
        announce(worker, tell)
    elif isinstance(said, SaidRefused):
        worker.refused = worker.refused or said
        worker.over_since = worker.over_since or now
    elif worker.clock is not None and worker.ref is not None and worker.over_since is None:
        worker.clock.last_sign = now
        if isinstance(said, SaidEnd):
            worker.end, worker.over_since = True, now
            worker.private_bytes = max(worker.private_bytes, said.private_bytes)
        _tell_of_work(worker.clock, worker.ref, said, tell)


def _tell_of_work(clock: Clock, ref: WorkerRef, said: Said, tell: Tell) -> None:
    if isinstance(said, SaidAccepted):
        tell(Accepted(ref=ref))
    elif isinstance(said, SaidLength):
        clock.audio_seconds = said.seconds
        tell(Length(ref=ref, seconds=said.seconds))
    elif isinstance(said, SaidProgress):
        tell(Progress(ref=ref, phase=said.phase, fraction=said.fraction))
    elif isinstance(said, SaidEnd):
        tell(EndSeen(ref=ref))
