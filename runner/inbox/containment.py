"""A surprise about one file stays with that file.

Purpose: ``contained(look, instead)``, round every look at what strangers have dropped.
Guarantees: what nobody foresaw becomes a sentence about the entry at hand, which a person sees
and can act on. Errors on our own folders and lost memory are nobody's file and pass.
"""

from collections.abc import Callable
from typing import TypeVar

from runner.job.errors import SpoolError
from runner.job.printable import printable

Found = TypeVar("Found")
REPORT = "report it, and move the file out of the inbox; it is a fault of the runner's"


def contained(look: Callable[[], Found], instead: Callable[[str], Found]) -> Found:
    """Return what ``look`` gives, or else ``instead`` of the sentence that tells the surprise."""
    try:
        return look()
    except (SpoolError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - one file must end neither the daemon nor its restart
        says = printable(f"{type(error).__name__}: {error}"[:200])
        return instead(f"the runner stumbles over it: {says}")
