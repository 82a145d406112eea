"""Job ids: sort by time, safe in URLs and shells, never change.

Purpose: ``new_id`` and ``is_id``.
Source: the layout is ULID's (48 bits of milliseconds, 80 random bits, Crockford base 32),
in lower case: 26 characters of ``0-9a-z`` without ``i l o u``.
"""

import re

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID = re.compile(rf"[0-7][{ALPHABET}]{{25}}\Z")


def new_id(now: float, randomness: int) -> str:
    """Return an id for wall-clock ``now`` (seconds) and 80 bits of ``randomness``."""
    number = (int(now * 1000) & (1 << 48) - 1) << 80 | randomness & (1 << 80) - 1
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(text: str) -> bool:
    """Return whether ``text`` has the form of a job id."""
    return _ID.match(text) is not None
