"""May this file be a recording at all? By size and first bytes, before it is claimed.

Purpose: ``refusal`` and ``notes``.
Guarantees: pure.
"""

from runner.inbox.content import Content, difference
from runner.job.outcomes import Refusal
from runner.job.record import Reason

_STEP = 1024
UNITS = ("KiB", "MiB", "GiB", "TiB")


def refusal(size: int, limit: int, content: Content) -> Reason | None:
    """Return why a file of ``size`` bytes with ``content`` can never be transcribed.

    ``limit`` is ``max_upload_bytes``; 0 is no limit.
    """
    if size == 0:
        return Reason(code=Refusal.EMPTY, text="the file is empty")
    if limit and size > limit:
        text = f"the file has {human(size)}, the runner takes at most {human(limit)}"
        return Reason(code=Refusal.TOO_LARGE, text=text)
    if not content.sound:
        return Reason(code=Refusal.NOT_MEDIA, text=f"this is {content.what}, not a recording")
    return None


def notes(name: str, content: Content) -> tuple[str, ...]:
    """Return what is worth telling though it is no fault."""
    note = difference(name, content)
    return (note,) if note else ()


def human(size: int) -> str:
    """Return a size in bytes as people write it."""
    if size < _STEP:
        return f"{size} bytes"
    power = min((size.bit_length() - 1) // 10, len(UNITS))
    return f"{size / _STEP**power:.4g} {UNITS[power - 1]}"
