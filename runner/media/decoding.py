"""From packets to samples, and the word on whether that was all of it.

Purpose: ``decode``.
Guarantees: bounded by ``max_seconds`` of *decoded* sound, whatever the container says; what
says itself that it is longer is refused at once; a piece that can't be decoded is skipped and
counted, as ffmpeg does; sound that is missing by more than ``TOLERANCE_SECONDS`` against the
container's declared length makes the result ``partial``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.job.errors import MediaError
from runner.job.outcomes import Refusal
from runner.media.audio import SAMPLE_RATE, Audio, Samples
from runner.media.faults import FAULTS
from runner.media.mixing import Mixer
from runner.media.opening import Opened, opened
from runner.media.verdict import TOLERANCE_SECONDS, Reached, foretold_seconds, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.packet import Packet
    from av.stream import Stream

    Report = Callable[[float], None]
    """Called with the fraction that has been read, often."""


def decode(
    path: Path, *, max_seconds: float, track: int | None = None, report: Report | None = None
) -> Audio:
    """Return the sound of ``path``; raise ``MediaError`` when there is none to be had."""
    with opened(path, track=track) as source:
        if foretold_seconds(source) - TOLERANCE_SECONDS > max_seconds:
            raise _too_long(max_seconds)  # or hours would be decoded in vain
        decoding = _Decoding(source, max_seconds=max_seconds, report=report)
        decoding.run()
        source.reader.check()
        samples = decoding.samples.finish()
        decoding.reached.seconds = len(samples) / SAMPLE_RATE
        found = judge(source, decoding.reached)
        return Audio(
            samples=samples,
            container=source.kind,
            codec=source.stream.codec_context.codec.canonical_name,
            declared_seconds=found.declared,
            partial=found.partial,
            warnings=found.warnings,
        )


def _too_long(limit: float) -> MediaError:
    return MediaError(Refusal.TOO_LONG, f"the recording is longer than {limit:g} s, the limit")


class _Decoding:
    """One pass over one open recording."""

    def __init__(self, source: Opened, *, max_seconds: float, report: Report | None) -> None:
        self.samples = Samples()
        self.reached = Reached()
        self._source = source
        self._max_seconds = max_seconds
        self._report = report
        self._mixer = Mixer(self._keep)
        # Fractions are exact and slow: there are 40 packets a second.
        self._ticks = {s.index: float(s.time_base or 0) for s in source.container.streams}

    def run(self) -> None:
        """Read to the end, or to where it can't be read any further."""
        for packet in self._packets():
            self._note(packet)
            if packet.stream_index == self._source.stream.index:
                self._decode(packet)
        self._decode(None)
        self._mixer.close()
        self.reached.damaged += self._mixer.damaged

    def _packets(self) -> Iterator[Packet[Stream]]:
        """Yield the packets of every track; a read that libav can't go on from ends it."""
        try:
            for packet in self._source.container.demux():
                if packet.size:  # an empty one only says that the track ends
                    yield packet
        except FAULTS as error:
            self.reached.stopped = str(getattr(error, "strerror", "") or error)

    def _note(self, packet: Packet[Stream]) -> None:
        """Remember how far the tracks reach."""
        if packet.pts is not None:
            tick = self._ticks[packet.stream_index]
            start, end = packet.pts * tick, (packet.pts + (packet.duration or 0)) * tick
            self.reached.note(start, end, ours=packet.stream_index == self._source.stream.index)

    def _decode(self, packet: Packet[Stream] | None) -> None:
        try:
            for frame in self._source.stream.codec_context.decode(packet):
                self._mixer.add(frame)
        except FAULTS:
            self.reached.damaged += 1
            if packet is not None and packet.duration:
                tick = self._ticks[packet.stream_index]
                self.reached.lost_seconds += packet.duration * tick

    def _keep(self, sound: AudioFrame) -> None:
        self.samples.append(sound.to_ndarray().reshape(-1))
        if len(self.samples) > self._max_seconds * SAMPLE_RATE:
            raise _too_long(self._max_seconds)
        reader = self._source.reader
        if self._report and reader.size:
            self._report(min(1.0, reader.tell() / reader.size))
