"""Fetch an official model: once, whole, checked.

Purpose: ``pull(name, model_dir, say)``.
Guarantees: under a lock, so that two processes fetch once; to a temporary name; the sha256 must
match before the file gets its name; what is there and matches is kept.
Diagnostics: ``EngineError`` of one sentence, with the cure where there is one.
Limits: no resume: what is cut off is fetched again.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import portalocker

from runner import durable
from runner.job.errors import EngineError
from runner.models.catalogue import Official, names, official
from runner.models.convert import folder_of
from runner.models.digest import digest_of, remember

Say = Callable[[dict[str, Any]], None]

CHUNK_BYTES = 1024 * 1024
_TRY = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
TIMEOUT_SECONDS = 30.0
"""Of silence on the line, not of the whole."""


def pull(name: str, model_dir: Path, say: Say) -> Path:
    """Return where the official model ``name`` is, fetched if it is not there."""
    model = official(name)
    if model is None:
        raise EngineError(f"no official model is called {name!r}; there are {', '.join(names())}")
    target = model_dir / model.file
    try:
        folder_of(model_dir).mkdir(parents=True, exist_ok=True)
        with _locked(model_dir / f".{model.file}.lock", say):
            if _is_there(model, target, say):
                say({"event": "present", "model": name, "path": str(target), "percent": 100})
            else:
                _fetch(model, target, say)
                say({"event": "pulled", "model": name, "path": str(target), "percent": 100})
    except OSError as error:
        where = error.filename or model_dir
        raise EngineError(f"the model {name} can't be kept in {where}: {error.strerror}") from error
    return target


@contextmanager
def _locked(path: Path, say: Say) -> Iterator[None]:
    with path.open("a") as lock:
        try:
            portalocker.lock(lock, _TRY)
        except portalocker.LockException:
            say({"event": "waiting", "reason": "another process is fetching this model"})
            portalocker.lock(lock, portalocker.LockFlags.EXCLUSIVE)
        yield


def _is_there(model: Official, target: Path, say: Say) -> bool:
    if not target.is_file():
        return False
    if digest_of(target, folder_of(target.parent)) == model.sha256:
        return True
    say({"event": "damaged", "reason": f"{target} does not match its checksum and is fetched anew"})
    return False


def _fetch(model: Official, target: Path, say: Say) -> None:
    draft = target.with_name(f".{target.name}.draft")  # one writer at a time: the lock
    try:
        with draft.open("wb") as file:
            _download(model, file, say)
            file.flush()
            durable.sync_file(file.fileno())
        durable.rename(draft, target)
    except BaseException:
        if draft.exists():
            durable.unlink(draft)
        raise
    remember(target, model.sha256, folder_of(target.parent))


def _download(model: Official, file: IO[bytes], say: Say) -> None:
    """Write the body to ``file``; raise when it is not the model."""
    digest = hashlib.sha256()
    received, told = 0, -1
    for chunk, total in _chunks(model):
        file.write(chunk)
        digest.update(chunk)
        received += len(chunk)
        percent = 100 * received // total if total else 0
        if percent != told:
            told = percent
            say({"event": "progress", "model": model.name, "percent": percent,
                 "bytes": received, "total": total})  # fmt: skip
    if digest.hexdigest() != model.sha256:
        text = f"what {_host(model)} sent as the model {model.name} does not match its checksum"
        raise EngineError(text)


def _chunks(model: Official) -> Iterator[tuple[bytes, int]]:
    """Yield the body in pieces, each with the size of the whole (0: not said).

    What goes wrong in here is the network's; what our disk does with a piece is not seen here.
    """
    received = 0
    try:
        with urlopen(model.url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - whisper's own table
            total = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(CHUNK_BYTES):
                received += len(chunk)
                yield chunk, total
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(_unreachable(model, error)) from error
    if total and received != total:
        text = f"the model {model.name} was cut off after {received} of {total} bytes; try again"
        raise EngineError(text)


def _unreachable(model: Official, error: Exception) -> str:
    if isinstance(error, HTTPError):
        why = f"it answered {error.code}"
    else:
        reason = error.reason if isinstance(error, URLError) else error
        why = f"{getattr(reason, 'strerror', None) or reason}"
    return (
        f"the model {model.name} can't be fetched from {_host(model)} ({why}); without network, "
        f"put {model.file} into the model folder by hand"
    )


def _host(model: Official) -> str:
    return urlsplit(model.url).netloc
