"""What is remembered of one waiting file, packed.

Purpose: ``Candidate`` and its packed form, the *ticket*: one ``bytes`` object, laid out so that
tickets sort by ctime, then by path; ``Wait``, the reason why a file has no turn.
Guarantees: ``write`` always makes a new object: its identity says which ticket is the valid one.
"""

import os
import struct
from dataclasses import dataclass
from typing import NamedTuple

_HEAD = struct.Struct(">Q")
_TAIL = struct.Struct(">QQdIB")
_MARK = struct.Struct(">I")
_MARK_FROM_END = 5
_SIGN = 1 << 63
_KEY_BITS = (1 << 60) - 1
"""A number of 60 bits takes 32 bytes; a whole hash would take 48."""


def key_of(path: str, inode: int) -> int:
    """Return what the room knows a file by: collisions are as likely as cosmic rays."""
    return hash((path, inode)) & _KEY_BITS


class Candidate(NamedTuple):
    """A ticket, read. ``path`` is relative to the inbox, as on disk.

    ``since`` is the monotonic second at which these facts were first seen.
    """

    path: str
    ctime_ns: int
    inode: int
    size: int
    since: float
    renamed: bool
    mark: int = 0
    """Which of the room's marks is this file's."""

    @property
    def key(self) -> int:
        """What the room knows the file by."""
        return key_of(self.path, self.inode)

    def matches(self, facts: os.stat_result) -> bool:
        """Return whether ``facts`` are still those that were seen."""
        now = (facts.st_ino, facts.st_size, facts.st_ctime_ns)
        return now == (self.inode, self.size, self.ctime_ns)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a file is not claimed. ``due`` is when to look again.

    ``stuck``: it won't become ready by itself; ``cure`` tells a person what to do about this
    very file, and makes it *listed*.
    """

    text: str
    due: float
    stuck: bool = False
    cure: str = ""

    @property
    def listed(self) -> bool:
        """Whether it is shown among the troubles."""
        return self.stuck and bool(self.cure)


def write(candidate: Candidate) -> bytes:
    """Return the ticket of a candidate: always a new object."""
    path, ctime, inode, size, since, renamed, mark = candidate
    tail = _TAIL.pack(inode, size, since, mark, renamed)
    return b"".join((_HEAD.pack(ctime + _SIGN), os.fsencode(path), b"\0", tail))


def read(ticket: bytes) -> Candidate:
    """Return what a ticket says."""
    (ctime,) = _HEAD.unpack_from(ticket)
    inode, size, since, mark, renamed = _TAIL.unpack_from(ticket, len(ticket) - _TAIL.size)
    path = os.fsdecode(ticket[_HEAD.size : -_TAIL.size - 1])
    return Candidate(path, ctime - _SIGN, inode, size, since, bool(renamed), mark)


def mark_of(ticket: bytes) -> int:
    """Return a ticket's mark alone."""
    mark: int = _MARK.unpack_from(ticket, len(ticket) - _MARK_FROM_END)[0]
    return mark
