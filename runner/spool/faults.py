"""Trouble with our own state directories, in one sentence.

Purpose: ``ours(what)`` around every call on them.
Diagnostics: ``SpoolError`` with the system's errno.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from runner.job.errors import SpoolError


@contextmanager
def ours(what: str) -> Iterator[None]:
    """Turn an ``OSError`` of the block into a ``SpoolError`` that starts with ``what``."""
    try:
        yield
    except OSError as error:
        raise SpoolError(f"{what} ({error.strerror or error})", error.errno) from error
