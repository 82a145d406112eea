"""Open a recording: our own descriptor, allowed formats, one audio track chosen.

Purpose: ``opened(path, track=...)``, a context that gives an ``Opened``.
Guarantees: libav gets bytes, not a name, so that neither a suffix nor ``concat:`` means
anything. A read that our disk refuses is raised as that ``OSError``, not as damage.
Diagnostics: ``MediaError`` NOT_MEDIA, DAMAGED, NO_AUDIO or BAD_OPTIONS.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from runner.job.errors import MediaError
from runner.job.outcomes import Refusal
from runner.media import allowed
from runner.media.declared import family_of, missing_bytes
from runner.media.faults import FAULTS

IO_BYTES = 256 * 1024


class Reader:
    """The file as libav sees it; it has no name. Remembers how far and what failed."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self.size = os.fstat(self.descriptor).st_size
        self.failure: OSError | None = None
        self._position = 0

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        try:
            data = os.pread(self.descriptor, count, self._position)
        except OSError as error:
            self.failure = error
            raise
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be sought."""
        return True

    def check(self) -> None:
        """Raise what our own disk did, if it did."""
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, eq=False)
class Opened:
    """An open recording and the track to decode."""

    reader: Reader
    container: InputContainer
    stream: AudioStream

    @property
    def kind(self) -> str:
        """The demuxer's first name."""
        return str(self.container.format.name).split(",")[0]


@contextmanager
def opened(path: Path, *, track: int | None = None) -> Iterator[Opened]:
    """Open ``path`` and choose audio track ``track`` (0 and None are the first)."""
    reader = Reader(path)
    try:
        container = _open(reader)
        try:
            yield Opened(reader, container, _choose(container, track))
        finally:
            container.close()
    finally:
        os.close(reader.descriptor)


def _open(reader: Reader) -> InputContainer:
    try:
        return av.open(
            reader, mode="r", container_options=dict(allowed.OPTIONS),
            buffer_size=IO_BYTES, metadata_errors="replace",
        )  # fmt: skip
    except FAULTS as error:
        reader.check()
        raise _refusal(reader) from error


def _refusal(reader: Reader) -> MediaError:
    """Say why libav won't have it: cut off, damaged, or nothing of the kind."""
    family = family_of(reader.descriptor)
    if family is None:
        return MediaError(Refusal.NOT_MEDIA, "this is not a recording in a format known here")
    missing = missing_bytes(reader.descriptor, reader.size)
    if missing:
        text = f"the {family} file is cut off ({missing} bytes are missing) and can't be opened"
        return MediaError(Refusal.DAMAGED, text)
    text = f"it begins like {family}, but is damaged or was never finished, and can't be opened"
    return MediaError(Refusal.DAMAGED, text)


def _choose(container: InputContainer, track: int | None) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        raise MediaError(Refusal.NO_AUDIO, "there is no sound in it: no audio track")
    if track is not None and track >= len(streams):
        text = f"audio_track is {track}, but the recording has {len(streams)} (counted from 0)"
        raise MediaError(Refusal.BAD_OPTIONS, text)
    stream = streams[track or 0]
    # None where libav has no decoder at all, whatever PyAV's types say.
    decoder = getattr(stream.codec_context, "name", None)
    if decoder not in allowed.DECODERS:
        text = f"its sound is coded as {decoder or 'nothing known'}, which is not decoded here"
        raise MediaError(Refusal.NO_AUDIO, text)
    return stream
