"""Notices of failure: ``talk.mp3.failed.txt``, in plain words, where the result would have been.

Purpose: ``words`` of a notice; ``withdraw`` after a later success.
Guarantees: a notice is removed only while it is still ours: same inode, same content.
Limits: a notice that was edited, copied or moved stays.
"""

import hashlib
import os
import re
import stat
from contextlib import suppress
from datetime import UTC, datetime

from runner import durable
from runner.job.outcomes import OutcomeKind, Refusal
from runner.job.printable import printable
from runner.job.record import Delivery, JobRecord, Reason
from runner.job.states import State
from runner.spool.layout import Layout
from runner.spool.lease import Held, take
from runner.spool.names import notice_name
from runner.spool.outbox import Folder, visit

MAX_BYTES = 16 * 1024
_JOB = re.compile(rb"^job: ([0-9a-z]{26})$", re.MULTILINE)

_CURES: dict[str, str] = {
    Refusal.NOT_MEDIA: "Drop a recording: audio, or a video with sound.",
    Refusal.NO_AUDIO: "The file has no sound. If the sound is in another file, drop that one.",
    Refusal.DAMAGED: "Play the file to its end; if it plays, export it again and drop that.",
    Refusal.TOO_LONG: "Cut it into shorter parts, or ask the operator to allow longer ones.",
    Refusal.TOO_LARGE: "Make it smaller (mp3 or m4a), or ask the operator to allow larger files.",
    Refusal.EMPTY: "The file was empty when it arrived. Send it again.",
    Refusal.BAD_OPTIONS: "Mend the options beside the recording and drop both again.",
    Refusal.CHECKSUM: "The file was changed on its way. Send it again.",
    Refusal.UNREADABLE: "Let the group read the file and drop it again.",
    Refusal.NOT_A_FILE: "Drop the file itself, no link, folder, pipe or device.",
    OutcomeKind.CANCELLED: "Somebody asked for this. Drop the file again if it was a mistake.",
    OutcomeKind.OVER_MEMORY: "Use a smaller model for it, or a computer with more memory.",
    OutcomeKind.OVERDUE: "Cut it into shorter parts, or ask the operator for a longer limit.",
    "vanished": "Drop the recording again.",
}


def words(record: JobRecord, reason: Reason, *, now: float) -> bytes:
    """Return the text of the notice."""
    name = printable(record.name.text)
    when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    cure = _CURES.get(reason.code, "The operator can look into it under the number below.")
    kept = (
        "The recording itself is gone."
        if reason.code == "vanished"
        else f"The recording is kept. The operator can try again: whisper-spool retry {record.id}"
    )
    lines = (
        f"{name} was not transcribed.",
        f"Why: {printable(reason.text)}",
        f"What to do: {cure}",
        f"{kept}",
        f"{when}\njob: {record.id}",
    )
    return "\n\n".join(lines).encode("utf-8", "replace")[:MAX_BYTES] + b"\n"


def withdraw(held: Held) -> bool:
    """Remove the job's notice if it is still ours; return whether it was removed."""
    return _withdraw(held.layout, held.record.notice)


def withdraw_older(held: Held) -> None:
    """Remove the notice of an earlier failure of a recording of the same name.

    People mend a recording and drop it again; a notice that says it failed would then lie.
    """
    record = held.record
    with suppress(OSError), visit(held.layout, record.folder.on_disk()) as folder:
        name = notice_name(record.name.on_disk())
        job = _JOB.search(_read(folder, name) or b"") if folder.has(name) else None
        if job is None:
            return
        older = take(held.layout, State.FAILED, job[1].decode())
        if isinstance(older, Held):
            with older:
                withdraw(older)


def _withdraw(layout: Layout, notice: Delivery | None) -> bool:
    if notice is None:
        return False
    relative, _, name = notice.name.on_disk().rpartition("/")
    try:
        with visit(layout, relative) as folder:
            facts = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
            if facts.st_ino != notice.inode:
                return False
            if hashlib.sha256(_read(folder, name) or b"").hexdigest() != notice.sha256:
                return False
            durable.unlink(name, dir_fd=folder.fd)
    except OSError:
        return False
    return True


def _read(folder: Folder, name: str) -> bytes | None:
    """Read a notice as far as ours go; None when it is no regular file."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(name, flags, dir_fd=folder.fd)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        return os.read(fd, MAX_BYTES + 2)
    finally:
        os.close(fd)
