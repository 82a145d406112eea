"""Does the text cover the sound? Doubts that a person should see beside a transcript.

Purpose: ``last_cue`` and ``doubts``: a transcript that stops at minute 6 of 146 is no success
to be silent about.
Guarantees: pure; looks at the result object only.
Limits: music and long silence are doubted too; a doubt is a warning, never a failure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

SHORT_SECONDS = 1.0
LONG_SECONDS = 60.0
LEAST_SHARE = 0.25
LARGEST_TAIL = 0.1


def _spoken(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the segments that have text."""
    return (s for s in result.get("segments", ()) if str(s.get("text", "")).strip())


def last_cue(result: Mapping[str, Any]) -> float:
    """Return where the last text ends, in seconds."""
    return max((float(segment["end"]) for segment in _spoken(result)), default=0.0)


def doubts(result: Mapping[str, Any], seconds: float, options: Mapping[str, Any]) -> list[str]:
    """Return sentences about how little of ``seconds`` has text, if it is little."""
    if str(options.get("clip_timestamps") or "0") != "0":
        return []  # parts were asked for
    end = last_cue(result)
    if end == 0 and not str(result.get("text", "")).strip():
        return ["no speech was recognised"] if seconds >= SHORT_SECONDS else []
    found = []
    if seconds - end > max(LONG_SECONDS, LARGEST_TAIL * seconds):
        found.append(f"the text ends at {_clock(end)} of {_clock(seconds)}")
    covered = sum(float(s["end"]) - float(s["start"]) for s in _spoken(result))
    if seconds > LONG_SECONDS and covered < LEAST_SHARE * seconds:
        found.append(f"the text covers {covered / seconds:.0%} of the audio")
    return found


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
