"""What a file says about its own size, read from its bytes.

Purpose: ``missing_bytes`` for the containers whose declaration libav quietly corrects by the
file's real size (a truncated PCM wav is simply shorter to it), ``stray_bytes`` for a wav that
declares too little, ``family_of`` for sentences, ``has_frame_count`` for mp3, whose length is
otherwise libav's estimate.
Guarantees: reads a few bytes at a time, at most ``MAX_BLOCKS`` of them; never raises over
content.
Limits: nothing is declared by aac, amr, mpeg and mpegts, by mp3 without a Xing or VBRI header,
by matroska without a duration, by wav and caf from a pipe.
"""

# ruff: noqa: PLR2004 - sizes and offsets of binary layouts stand where they are used

import os
import struct
from collections.abc import Callable
from typing import NamedTuple

MAX_BLOCKS = 200_000
PIPE_BYTES = 0x7FFF_0000
"""A 32-bit size from here on is what writers to a pipe put, who can't know."""

_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


class Block(NamedTuple):
    """One piece of a file: its name and where it ends; None: nobody says."""

    name: bytes
    end: int | None


Step = Callable[[int, int], Block | None]
"""(descriptor, offset) -> the block that begins there."""


def _riff(descriptor: int, offset: int) -> Block | None:
    head = os.pread(descriptor, 8, offset)
    if len(head) < 8:
        return None
    size = int(struct.unpack("<I", head[4:])[0])
    if head[:4] == b"data" and size == 0xFFFF_FFFF:  # RF64 has the true size up front
        size = _rf64_size(descriptor)
    unknown = PIPE_BYTES <= size <= 0xFFFF_FFFF or (head[:4] == b"data" and size == 0)
    return Block(head[:4], None if unknown else offset + 8 + size + size % 2)


def _rf64_size(descriptor: int) -> int:
    head = os.pread(descriptor, 36, 0)
    known = head[:4] == b"RF64" and head[12:16] == b"ds64" and len(head) == 36
    return int(struct.unpack("<Q", head[28:36])[0]) if known else 0xFFFF_FFFF


def _w64(descriptor: int, offset: int) -> Block | None:
    head = os.pread(descriptor, 24, offset)
    if len(head) < 24:
        return None
    size = int(struct.unpack("<Q", head[16:])[0])
    return Block(head[:4], offset + (size + 7) // 8 * 8 if 24 < size < 1 << 62 else None)


def _caf(descriptor: int, offset: int) -> Block | None:
    head = os.pread(descriptor, 12, offset)
    if len(head) < 12:
        return None
    size = int(struct.unpack(">q", head[4:])[0])
    return Block(head[:4], offset + 12 + size if size >= 0 else None)


def _box(descriptor: int, offset: int) -> Block | None:
    head = os.pread(descriptor, 16, offset)
    if len(head) < 8 or not head[4:8].isalnum():
        return None  # padding or rubbish behind the last box is no truncation
    size = int(struct.unpack(">I", head[:4])[0])
    if size == 1 and len(head) == 16:
        size = int(struct.unpack(">Q", head[8:])[0])
    return Block(head[4:8], offset + size if size >= 8 else None)


class Family(NamedTuple):
    """How a container begins and how its blocks are walked, up to ``last`` where that ends it."""

    name: str
    mark: bytes
    at: int = 0
    inner: bytes = b""
    step: Step | None = None
    start: int = 0
    last: bytes = b""


FAMILIES = (
    Family("WAV", b"RIFF", inner=b"WAVE", step=_riff, start=12, last=b"data"),
    Family("WAV", b"RF64", step=_riff, start=12, last=b"data"),
    Family("AVI", b"RIFF", inner=b"AVI ", step=_riff),
    Family("Wave64", _W64, step=_w64, start=40, last=_W64_DATA[:4]),
    Family("Core Audio", b"caff", step=_caf, start=8),
    Family("MP4", b"ftyp", at=4, step=_box),
    Family("MP4", b"moov", at=4, step=_box),
    Family("MP4", b"mdat", at=4, step=_box),
    Family("MP4", b"wide", at=4, step=_box),
    Family("Ogg", b"OggS"),
    Family("FLAC", b"fLaC"),
    Family("Matroska or WebM", b"\x1aE\xdf\xa3"),
    Family("Windows Media", _ASF),
    Family("AMR", b"#!AMR"),
    Family("AIFF", b"FORM", inner=b"AIF"),
    Family("Flash video", b"FLV\x01"),
    Family("Sun audio", b".snd"),
    Family("MPEG video", b"\x00\x00\x01\xba"),
    Family("MP3", b"ID3"),
)


def _family(descriptor: int) -> Family | None:
    head = os.pread(descriptor, 16, 0)
    for family in FAMILIES:
        if head.startswith(family.mark, family.at) and head.startswith(family.inner, 8):
            return family
    return None


def family_of(descriptor: int) -> str | None:
    """Return what the file begins like, in words, or None."""
    family = _family(descriptor)
    return family.name if family else None


def missing_bytes(descriptor: int, size: int) -> int:
    """Return how many bytes the file declares and does not have; 0 where it can't be said."""
    family = _family(descriptor)
    if family is None:
        return 0
    if family.mark == _ASF:
        end = _asf_end(descriptor)
    elif family.name == "Ogg":
        end = _ogg_end(descriptor, size)
    else:
        end = _walk(descriptor, size, family)
    return max(0, end - size)


def _walk(descriptor: int, size: int, family: Family) -> int:
    """Return where the last block would end."""
    offset = family.start
    for _ in range(MAX_BLOCKS):
        block = family.step(descriptor, offset) if family.step and offset < size else None
        if block is None or block.end is None or block.end <= offset:
            break
        offset = block.end
        if block.name == family.last:
            break
    return offset


def stray_bytes(descriptor: int, size: int) -> int:
    """Return how many bytes follow a wav's last block: its header was written before its end."""
    family = _family(descriptor)
    offset = family.start if family and family.name == "WAV" else size
    for _ in range(MAX_BLOCKS):
        block = _riff(descriptor, offset) if offset < size else None
        if block is None or block.end is None or block.end <= offset:
            return 0
        if not all(0x20 <= byte < 0x7F for byte in block.name):
            return size - offset
        offset = block.end
    return 0


def _asf_end(descriptor: int) -> int:
    """Return the file size of the File Properties Object, 0 for a broadcast."""
    head = os.pread(descriptor, 65536, 0)
    found = head.find(_FILE_PROPERTIES)
    if found < 0 or found + 92 > len(head):
        return 0
    flags = struct.unpack_from("<I", head, found + 88)[0]
    return 0 if flags & 1 else int(struct.unpack_from("<Q", head, found + 40)[0])


def _ogg_end(descriptor: int, size: int) -> int:
    """Return where the last page would end: each page carries its own length."""
    start = max(0, size - 2 * 65536)
    tail = os.pread(descriptor, size - start, start)
    page = tail.rfind(b"OggS")
    while page >= 0 and page + 27 > len(tail):
        return start + page + 27 + 255 * 255  # its length is cut off too: take the longest
    segments = tail[page + 27 : page + 27 + tail[page + 26]] if page >= 0 else b""
    return start + page + 27 + len(segments) + sum(segments)


def ogg_is_open(descriptor: int) -> bool:
    """Return whether the last page is not marked as the end of its stream."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, 2 * 65536, max(0, size - 2 * 65536))
    page = tail.rfind(b"OggS")
    return page < 0 or page + 5 >= len(tail) or not tail[page + 5] & 4


def has_frame_count(descriptor: int) -> bool:
    """Return whether an mp3 declares its number of frames (Xing, Info or VBRI)."""
    offset = 0
    while (head := os.pread(descriptor, 10, offset))[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        offset += 10 + size
    first = os.pread(descriptor, 4096, offset)
    for mark in (b"Xing", b"Info"):
        found = first.find(mark)
        if found >= 0 and len(first) > found + 7 and first[found + 7] & 1:
            return True
    return b"VBRI" in first
