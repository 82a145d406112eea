"""Was that all? What the container declares against what was decoded.

Purpose: ``judge`` turns what a decoding ``Reached`` into ``Found``: partial or whole, warnings
(a partial one's first begins with that word); ``foretold_seconds`` before decoding.
Guarantees: a length counts as declared only where the container really says it; libav's
estimates from bit rate and file size do not.
Limits: see ``declared``. A track that ends early beside a longer picture is whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from runner.job.errors import MediaError
from runner.job.outcomes import Refusal
from runner.media.declared import has_frame_count, missing_bytes, ogg_is_open, stray_bytes
from runner.media.opening import Opened

SLOPPY_BYTES = 512
"""Writers that miscount a header or a pad byte have cut nothing off."""

TOLERANCE_SECONDS = 0.5
"""Encoders' padding, priming and rounding stay below 0.15 s in all formats tried."""

ROUNDING_SECONDS = 0.1
"""Time stamps in milliseconds leave slits between packets."""

BY_TRACK = frozenset({"mov", "flac", "aiff", "au", "wav", "w64", "caf"})
"""Containers that declare the length of each track."""

BY_WHOLE = frozenset({"matroska", "flv", "ogg", "asf"})
"""Containers whose length as a whole is more than an estimate."""

MICROSECONDS = 1e6


@dataclass
class Reached:
    """How far a decoding came. Seconds of time stamps, of all tracks and of ours."""

    seconds: float = 0.0
    """Decoded sound."""
    end: float = 0.0
    """The latest time stamp of any track."""
    our_start: float | None = None
    our_end: float = 0.0
    gaps: float = 0.0
    """Seconds of our track for which there are no packets."""
    damaged: int = 0
    """Pieces that could not be decoded."""
    lost_seconds: float = 0.0
    stopped: str = ""
    """Why reading ended before the end of the file, in libav's words."""

    def note(self, start: float, end: float, *, ours: bool) -> None:
        """Take in the times of one packet."""
        self.end = max(self.end, end)
        if not ours:
            return
        if self.our_start is None:
            self.our_start = self.our_end = start
        if start - self.our_end > ROUNDING_SECONDS:
            self.gaps += start - self.our_end
        self.our_end = max(self.our_end, end)


@dataclass(frozen=True)
class Found:
    """The verdict."""

    declared: float | None
    partial: bool
    warnings: tuple[str, ...]


def judge(source: Opened, reached: Reached) -> Found:
    """Return whether it is whole; raise ``MediaError`` when nothing came out."""
    file = (source.reader.descriptor, source.reader.size)
    missing = missing_bytes(*file)
    missing = missing if missing > SLOPPY_BYTES else 0
    declared, read = _declared(source, reached)
    short = declared is not None and declared - read > TOLERANCE_SECONDS
    broken = bool(missing or short or reached.stopped)
    if reached.seconds == 0:
        raise _nothing(harmed=broken or reached.damaged > 0)
    warnings = list(_harm(reached))
    if missing:
        warnings.append(f"the file is cut off: {missing} of its declared bytes are missing")
    elif short:
        warnings.append(f"{read:.1f} s of the declared {declared:.1f} s could be read")
    elif source.kind == "ogg" and ogg_is_open(source.reader.descriptor):
        warnings.append("the file has no end mark: it may be cut off")
    elif (stray := stray_bytes(*file)) > SLOPPY_BYTES:
        warnings.append(f"there are {stray} bytes behind the declared end, which were not read")
    partial = broken or reached.lost_seconds > TOLERANCE_SECONDS
    if partial:
        warnings[0] = f"partial: {warnings[0]}"
    return Found(declared, partial, tuple(warnings))


def _harm(reached: Reached) -> Iterator[str]:
    """Yield what went wrong on the way."""
    if reached.stopped:
        yield f"reading stopped after {reached.end:.1f} s: {reached.stopped}"
    if reached.damaged:
        yield f"pieces of the sound that are damaged and were skipped: {reached.damaged}"
    if reached.gaps > TOLERANCE_SECONDS:
        yield f"there is no sound for {reached.gaps:.1f} s inside it"


def _of_track(source: Opened) -> float | None:
    """Return the length of the track itself, where that is declared."""
    stream, kind = source.stream, source.kind
    known = kind in BY_TRACK or (kind == "mp3" and has_frame_count(source.reader.descriptor))
    if known and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None


def _declared(source: Opened, reached: Reached) -> tuple[float | None, float]:
    """Return the declared seconds and those that were reached of them."""
    seconds = _of_track(source)
    if seconds is not None:
        # Of a track that begins late some declare the length, others the end.
        return seconds, reached.seconds + max(0.0, reached.our_start or 0.0)
    whole = source.container.duration
    # matroska and flv: where there is no Duration, libav estimates one and puts it on the track.
    if source.kind in {"matroska", "flv"} and whole and not source.stream.duration:
        return whole / MICROSECONDS, max(reached.end, reached.seconds)
    return None, reached.seconds


def foretold_seconds(source: Opened) -> float:
    """Return how long it says it is, before anything is decoded; 0 where nobody says."""
    whole = source.container.duration if source.kind in BY_WHOLE else None
    return _of_track(source) or (whole or 0) / MICROSECONDS


def _nothing(*, harmed: bool) -> MediaError:
    if harmed:
        return MediaError(Refusal.DAMAGED, "the recording is damaged: no sound can be decoded")
    return MediaError(Refusal.NO_AUDIO, "there is no sound in it: its audio track is empty")
