"""The one job of a worker: sync, check, decode, transcribe, render, END.

Purpose: ``perform``. The loop around it (socket, timers, exit codes) is ``main``'s.
Guarantees: the source's data is on the device before it counts as accepted; the renderings are
on the device before ``result.json`` is, and that comes last and whole.
Limits: the result and its renderings are held in memory; a day of speech is some 20 MB.
"""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import runner
from runner import durable, media
from runner.engines import Engine
from runner.job.end import END_NAME, EndRecord, RenderingEntry, rendering_name
from runner.job.errors import MediaError
from runner.job.outcomes import Refusal
from runner.job.wire import Order, Spec
from runner.worker.coverage import doubts, last_cue
from runner.worker.render import render

CHUNK_BYTES = 1024 * 1024


class Reporter(Protocol):
    """What the worker's loop does with news; it bounds how often it sends progress."""

    def accepted(self) -> None:
        """The source's data is synced."""

    def length(self, seconds: float) -> None:
        """The decoded length is known: re-arm the timer, tell the daemon."""

    def progress(self, phase: str, fraction: float) -> None:
        """Called very often; cheap."""


def perform(order: Order, *, engine: Engine, spec: Spec, report: Reporter) -> EndRecord:
    """Do the job; when this returns ``result.json`` is durable and "end" may be said.

    Raises MediaError (the recording's fault), EngineError (model or device), MemoryError (its
    attribute ``foreign``, where present, says that another process held the GPU), OSError and
    SpoolError (our own disk); anything else is a crash.
    """
    began = time.monotonic()
    source = Path(order.source)
    durable.sync_file(source)
    report.accepted()
    sha256 = _checked(order, report)
    audio = media.decode(
        source,
        max_seconds=order.max_audio_seconds,
        track=order.options.get("audio_track"),
        report=lambda fraction: report.progress("decoding", fraction),
    )
    report.length(audio.seconds)
    result = engine.transcribe(
        audio.samples, order.options, lambda fraction: report.progress("transcribing", fraction)
    )
    facts = _facts(order, engine, spec, audio, result)
    facts |= {"source_sha256": sha256, "wall_seconds": round(time.monotonic() - began, 3)}
    job = _job_key(order, audio, facts)
    renderings = tuple(_write(order, form, engine, result, job) for form in order.formats)
    end = EndRecord(job=order.job, attempt=order.attempt, renderings=renderings, **facts)
    durable.write_atomic(Path(order.attempt_dir, END_NAME), end.to_json())
    return end


def _checked(order: Order, report: Reporter) -> str:
    """Return the source's sha256; raise when it is not the one that was announced."""
    digest = hashlib.sha256()
    done = 0
    with Path(order.source).open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            report.progress("checking", min(1.0, done / max(order.source_size, done)))
    found = digest.hexdigest()
    expected = order.expected_sha256
    if expected and found != expected.lower():
        text = f"the upload is damaged: its sha256 is {found}, announced was {expected.lower()}"
        raise MediaError(Refusal.CHECKSUM, text)
    return found


def _facts(
    order: Order, engine: Engine, spec: Spec, audio: media.Audio, result: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what both the END record and the transcript's ``job`` key say."""
    versions = {"whisper-spool": runner.__version__, **getattr(engine, "versions", {})}
    notes = order.facts.get("notes", ())
    return {
        "language": str(result.get("language") or ""),
        "audio_seconds": round(audio.seconds, 3),
        "last_cue_seconds": round(last_cue(result), 3),
        "warnings": (*notes, *audio.warnings, *doubts(result, audio.seconds, order.options)),
        "partial": audio.partial,
        "engine": spec.engine,
        "model": str(getattr(engine, "model_name", spec.model)),
        "model_sha256": str(getattr(engine, "model_sha256", "")),
        "device": spec.device,
        "why": spec.why,
        "versions": versions,
    }


def _job_key(order: Order, audio: media.Audio, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one key that the JSON rendering has beyond whisper's own."""
    theirs = {key: value for key, value in order.facts.items() if key != "notes"}
    own = {
        "id": order.job,
        "source_name": order.source_name,
        "container": audio.container,
        "codec": audio.codec,
        "attempt": order.attempt,
        "options": order.options,
    }
    return {**own, **theirs, **facts}


def _write(
    order: Order, form: str, engine: Engine, result: Mapping[str, Any], job: Mapping[str, Any]
) -> RenderingEntry:
    """Write one rendering, synced, under a name that nobody has taken."""
    content = {**result, "job": job} if form == "json" else result
    data = render(form, content, engine=engine, options=order.options)
    path = Path(order.attempt_dir, rendering_name(form))
    if not durable.create(path, data):
        raise FileExistsError(f"{path.name} is in the attempt's folder already")
    return RenderingEntry(
        format=form, file=path.name, size=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
