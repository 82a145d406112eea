"""Something of a library's replaced for a while.

Purpose: ``swapped(owner, name, value)``. Whisper and torch have no other door at these places.
"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def swapped(owner: object, name: str, value: object) -> Iterator[None]:
    """Have ``owner.name`` be ``value`` inside."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)
