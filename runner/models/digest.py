"""A checkpoint's sha256, computed once and remembered.

Purpose: ``digest_of(path, folder)``: openai-whisper hashes 1.5 GB at each load; here the sum is
kept with the file's identity (device, inode, size, times) and trusted while that holds.
Limits: who changes a file and sets its ctime back has the file system in hand anyway.
"""

import hashlib
import json
from pathlib import Path

from runner import durable

CHUNK_BYTES = 1024 * 1024


def digest_of(path: Path, folder: Path) -> str:
    """Return the sha256 of ``path``, from ``folder``'s memory where it still holds."""
    known = _memory(path, folder)
    try:
        memory = json.loads(known.read_bytes())
        if memory["identity"] == _identity(path):
            return str(memory["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never computed, or a memory that can't be read: compute
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    remember(path, sha256, folder)
    return sha256


def remember(path: Path, sha256: str, folder: Path) -> None:
    """Keep a sum that is known; a folder that can't be written only costs time later."""
    note = {"path": str(path), "identity": _identity(path), "sha256": sha256}
    try:
        durable.write_atomic(_memory(path, folder), json.dumps(note, indent=1).encode())
    except OSError:
        return


def _memory(path: Path, folder: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
    return folder / f"sum-{name}.json"


def _identity(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
