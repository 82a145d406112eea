"""What workers say, read with suspicion: a worker parses hostile media and may say anything.

Purpose: ``listen(worker, messages, ...)`` turns it into events; ``announce`` tells who is ready.
Guarantees: numbers are finite and in range, texts short; nothing is believed out of turn: news of
work counts only while there is an order, and nothing after END. Of a burst of progress only the
newest is told.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from runner.pool.events import (
    Accepted,
    EndSeen,
    Event,
    Length,
    Progress,
    Ready,
    WorkerRef,
)  # fmt: skip
from runner.pool.member import Worker
from runner.pool.outcomes import Confession

MAX_TEXT = 4000
MAX_WORD = 64
MAX_FACTS = 32

Message = dict[str, Any]
Tell = Callable[[Event], None]


def listen(worker: Worker, messages: Iterable[Message], now: float, tell: Tell) -> None:
    """Take in what came in one go."""
    progress: Message | None = None
    for message in messages:
        if message.get("event") == "progress":
            progress = message
        else:
            _hear(worker, message, now, tell)
    if progress is not None:
        _hear(worker, progress, now, tell)


def announce(worker: Worker, tell: Tell) -> None:
    """Tell that it is ready, if it is and somebody waits for it."""
    if worker.announced or worker.ref is None or worker.cage is None or not worker.waiting:
        return
    worker.announced = worker.fresh = True
    ready = Ready(
        ref=worker.ref, pid=worker.pid, model=worker.key.model, device=worker.key.device,
        how=worker.how, cage=worker.cage,
    )  # fmt: skip
    tell(ready)


def _hear(worker: Worker, message: Message, now: float, tell: Tell) -> None:
    event = _text(message.get("event"), MAX_WORD)
    if event == "ready" and worker.cage is None:
        worker.cage = _words(message.get("cage"))
        announce(worker, tell)
    elif event == "refused":
        worker.refused = worker.refused or _confession(message)
        worker.over_since = worker.over_since or now
    elif event in NEWS and worker.clock and worker.ref and worker.over_since is None:
        news = NEWS[event](worker.ref, message)
        worker.clock.last_sign = now
        if isinstance(news, Length):
            worker.clock.audio_seconds = news.seconds
        elif isinstance(news, EndSeen):
            worker.end, worker.over_since = True, now
            news = replace(news, peak_memory_bytes=worker.private_bytes)
        tell(news)


def _confession(message: Message) -> Confession:
    return Confession(
        kind=_text(message.get("kind"), MAX_WORD),
        code=_text(message.get("code"), MAX_WORD),
        reason=_text(message.get("reason"), MAX_TEXT),
        foreign=message.get("foreign") is True,
    )


def _progress(ref: WorkerRef, message: Message) -> Progress:
    fraction = min(_number(message.get("fraction")), 1.0)
    return Progress(ref=ref, phase=_text(message.get("phase"), MAX_WORD), fraction=fraction)


def _text(value: object, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(_text(word, MAX_WORD) for word in value[:MAX_FACTS])


def _number(value: object) -> float:
    """Return a finite number that is not negative, 0 for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


NEWS: dict[str, Callable[[WorkerRef, Message], Event]] = {
    "accepted": lambda ref, _: Accepted(ref=ref),
    "length": lambda ref, message: Length(ref=ref, seconds=_number(message.get("seconds"))),
    "progress": _progress,
    "end": lambda ref, _: EndSeen(ref=ref),
}
