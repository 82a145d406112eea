"""What daemon, template and worker say to each other: one JSON object a line.

Purpose: the vocabulary of the process boundary, so that both sides read one page.
Transport: AF_UNIX stream socket pairs; descriptors ride along with ``socket.send_fds`` on the
first byte of the message that announces them.

daemon → template
    {"op": "fork", "worker": n}             + fds [worker's socket end, worker's output pipe]
template → daemon
    {"event": "ready", "pid"}
    {"event": "failed", "reason"}           the engine can't load; exits WorkerExit.ENGINE
    {"event": "forked", "worker", "pid"}    + fds [pidfd] where the system has them
    {"event": "exited", "worker", "status", "max_rss"}  both as ``wait4`` returns them
    {"event": "unforked", "worker", "reason"}  there will be no such worker
    {"event": "orphans", "count"}           what workers left behind was killed
worker → daemon
    {"event": "ready", "pid", "cage"}
    {"event": "accepted"}                   the source's data is synced
    {"event": "length", "seconds"}          decoded length of the audio
    {"event": "progress", "phase", "fraction"}  at most one a second
    {"event": "end"}                        result.json is durable
    {"event": "refused", "kind", "code", "reason", "foreign"}  before a reserved exit
daemon → worker
    an ``Order``                            + fds [lease]
"""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Order(BaseModel):
    """Everything a worker needs to know of its one job.

    Paths are absolute. ``timeout_seconds`` None means ``auto``. ``options`` are the job's
    validated options in openai-whisper's own names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: str
    attempt: int
    source: str
    attempt_dir: str
    source_name: str
    source_size: int
    expected_sha256: str | None = None
    options: dict[str, Any]
    formats: tuple[str, ...]
    timeout_seconds: float | None = None
    kill_grace_seconds: float = 5.0
    max_audio_seconds: float = 43200.0
    facts: dict[str, Any] = {}
    """More for the ``job`` key of the JSON rendering: upload id, attempts so far."""


def encode(message: dict[str, Any] | BaseModel) -> bytes:
    """Return one line of the wire."""
    if isinstance(message, BaseModel):
        return message.model_dump_json().encode() + b"\n"
    return json.dumps(message, ensure_ascii=True).encode() + b"\n"


def time_limit(timeout_seconds: float | None, audio_seconds: float | None) -> float:
    """Return the job timeout in seconds.

    A number is a hard limit as given. ``auto`` (None) is max(1800, 6 x audio), at most 24 h;
    before the length is known it is the 24 h cap.
    """
    if timeout_seconds is not None:
        return timeout_seconds
    if audio_seconds is None:
        return 86400.0
    return min(max(1800.0, 6.0 * audio_seconds), 86400.0)


class Spec(BaseModel):
    """What a template or worker is made for; it travels as the child's only argument.

    ``device`` is resolved (``cpu``, ``cuda:0``, ``mps``), ``why`` says why it was chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    model: str
    model_dir: str
    device: str = "cpu"
    why: str = ""
    threads: int = 1
    linux_calls: bool = True
    memory_bytes: int = 0
    """The private memory a worker may use; 0 is no limit."""
    spool: str = ""
    worker_paths: tuple[str, ...] = ()
