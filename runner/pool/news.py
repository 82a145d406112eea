"""What workers say, read with suspicion: a worker parses hostile media and may say anything.

Purpose: ``read(message)`` turns a message into a frozen value, or None.
Guarantees: numbers are finite and in range, texts short; nothing else gets into the daemon.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 4000
MAX_WORD = 64
MAX_FACTS = 32


@dataclass(frozen=True, kw_only=True)
class SaidReady:
    """The engine is prepared; the worker waits for its order."""

    cage: tuple[str, ...]


@dataclass(frozen=True)
class SaidAccepted:
    """The source's data is synced."""


@dataclass(frozen=True, kw_only=True)
class SaidLength:
    """The decoded length."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class SaidProgress:
    """How far."""

    phase: str
    fraction: float


@dataclass(frozen=True, kw_only=True)
class SaidEnd:
    """``result.json`` is durable."""

    private_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class SaidRefused:
    """Why a reserved exit code follows."""

    kind: str
    code: str
    reason: str
    foreign: bool


Said = SaidReady | SaidAccepted | SaidLength | SaidProgress | SaidEnd | SaidRefused


def read(message: dict[str, Any]) -> Said | None:
    """Return what a worker said; None for what is not in the vocabulary."""
    reader = READERS.get(_text(message.get("event"), MAX_WORD))
    return reader(message) if reader else None


def _progress(message: dict[str, Any]) -> SaidProgress:
    fraction = min(_number(message.get("fraction")), 1.0)
    return SaidProgress(phase=_text(message.get("phase"), MAX_WORD), fraction=fraction)


def _refused(message: dict[str, Any]) -> SaidRefused:
    return SaidRefused(
        kind=_text(message.get("kind"), MAX_WORD),
        code=_text(message.get("code"), MAX_WORD),
        reason=_text(message.get("reason"), MAX_TEXT),
        foreign=message.get("foreign") is True,
    )


def _text(value: object, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(_text(word, MAX_WORD) for word in value[:MAX_FACTS])


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


READERS: dict[str, Callable[[dict[str, Any]], Said]] = {
    "ready": lambda m: SaidReady(cage=_words(m.get("cage"))),
    "accepted": lambda _m: SaidAccepted(),
    "length": lambda m: SaidLength(seconds=_number(m.get("seconds"))),
    "progress": _progress,
    "end": lambda m: SaidEnd(private_bytes=int(_number(m.get("private_bytes")))),
    "refused": _refused,
}
