"""Hours of Opus made in a moment: one encoded packet over and over, in valid Ogg pages.

Purpose: ``opus_silence(seconds)``. Encoding 12 h would take minutes; here only the time stamps
and checksums of the pages are computed, for all pages at once.
"""

import struct

import av
import numpy as np
from numpy.typing import NDArray

PACKET_MS = 60
PER_PAGE = 255
POLYNOMIAL = 0x04C11DB7

Bytes = NDArray[np.uint8]


def opus_silence(seconds: int) -> bytes:
    """Return at least ``seconds`` of silence, at most a page (15.3 s) more."""
    packet = silent_packet()
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<II", 0, 0)
    first = [page(head, [len(head)], [0], flags=2), page(tags, [len(tags)], [0])]
    count = -(-seconds * 1000 // (PACKET_MS * PER_PAGE))
    ends = [(number + 1) * PER_PAGE * 48 * PACKET_MS for number in range(count)]
    lacing = [len(packet)] * PER_PAGE
    rest = [page(packet * PER_PAGE, lacing, ends[:-1])]
    rest.append(page(packet * PER_PAGE, lacing, ends[-1:], flags=4))
    return b"".join((*first, *rest))


def silent_packet() -> bytes:
    """Return one packet of silence from the middle of a stream."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48000, "mono", "s16"
    encoder.options = {"frame_duration": str(PACKET_MS), "b": "6000"}
    samples = np.zeros((1, 48 * PACKET_MS), np.int16)
    packets = []
    for number in range(10):
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.rate, frame.pts = 48000, number * samples.size
        packets += encoder.encode(frame)
    return bytes(packets[-1])


def page(body: bytes, lacing: list[int], ends: list[int], *, flags: int = 0) -> bytes:
    """Return pages of the same body, one for each of ``ends`` (granule positions)."""
    assert max(lacing) < 255  # longer ones take two numbers
    heads = b"".join(
        b"OggS" + struct.pack("<BBqIIIB", 0, flags, end, 7, 0, 0, len(lacing)) for end in ends
    )
    tails = (bytes(lacing) + body) * len(ends)
    pages = np.hstack(
        [np.frombuffer(part, np.uint8).reshape(len(ends), -1) for part in (heads, tails)]
    )
    pages[:, 22:26] = checksums(pages).astype("<u4").reshape(-1, 1).view(np.uint8)
    return pages.tobytes()


def checksums(rows: Bytes) -> NDArray[np.uint32]:
    """Return Ogg's CRC of each row."""
    table = np.arange(256, dtype=np.uint32) << np.uint32(24)
    for _ in range(8):
        carry = np.where(table >> np.uint32(31), np.uint32(POLYNOMIAL), np.uint32(0))
        table = (table << np.uint32(1)) ^ carry
    state = np.zeros(len(rows), np.uint32)
    for column in rows.T:
        state = (state << np.uint32(8)) ^ table[(state >> np.uint32(24)) ^ column]
    return state
