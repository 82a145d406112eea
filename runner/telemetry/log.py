"""The log: one event a line, for people or for machines.

Purpose: ``configure(form)`` once at start, then ``logger()`` anywhere on the daemon side::

    log = logger(job=record.id)
    log.info("started", attempt=2, device="cpu")
    2026-01-31T09:00:00.000Z info event=started job=01jx... attempt=2 device=cpu

Guarantees: one line an event, whatever names hold (hidden characters are escaped); the event
is a past participle and comes first; a log that can't be written (full disk, closed pipe)
never stops a runner.
Limits: a reader that stops reading a pipe stops the writer, as with every program.
"""

import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from runner.job.printable import printable

Form = Literal["human", "json"]
Log = FilteringBoundLogger
FIRST_KEYS = ("event", "job", "attempt")


class _Lines:
    """The end of the chain: writes lines, forgives a stream that is gone or full."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        stream = self._stream or sys.stdout
        try:
            stream.write(line + "\n")
            stream.flush()
        except (OSError, ValueError):
            return  # ValueError: the stream is closed. There is nobody left to tell.

    debug = info = warning = error = critical = exception = msg


def _shown(value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {printable(str(k)): _shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(item) for item in value]
    return printable(str(value))


def _escape(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: _shown(value) for key, value in event.items()}


def _participle_first(_logger: object, _method: str, event: EventDict) -> EventDict:
    first = {key: event.pop(key) for key in ("timestamp", "level", *FIRST_KEYS) if key in event}
    return {**first, **event}


class _Human:
    """``time level event=… key=value``: structlog's logfmt after two bare words."""

    def __init__(self) -> None:
        self._logfmt = structlog.processors.LogfmtRenderer(bool_as_flag=False)

    def __call__(self, logger: object, method: str, event: EventDict) -> str:
        head = f"{event.pop('timestamp', '')} {event.pop('level', method)}"
        flat = {key: _one_word(value) for key, value in event.items()}
        return f"{head} {self._logfmt(logger, method, flat)}"


def _one_word(value: object) -> object:
    return ",".join(map(str, value)) if isinstance(value, list) else value


def configure(form: Form = "human", *, stream: TextIO | None = None, level: str = "info") -> None:
    """Set the log up: ``form`` is ``human`` or ``json``; ``stream`` None is standard output."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _Human()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _escape,
            _participle_first,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )


def logger(**bound: Any) -> Log:  # noqa: ANN401 - a log takes any value
    """Return a logger with ``bound`` on each of its lines."""
    log: Log = structlog.get_logger(**bound)
    return log
