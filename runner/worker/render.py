"""A result object as a file's bytes.

Purpose: ``render``: an engine that is a ``Writer`` writes itself (openai-whisper's own writers,
byte for byte); for others the plain forms below have the same shape.
Limits: the plain forms know no word timestamps.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from typing import Any, TextIO

from runner.engines import Engine, Writer

Result = Mapping[str, Any]


def render(form: str, result: Result, *, engine: Engine, options: Mapping[str, Any]) -> bytes:
    """Return ``result`` as ``form``, in UTF-8."""
    file = StringIO()
    if isinstance(engine, Writer):
        engine.write(form, result, file, options)
    else:
        PLAIN[form](result, file)
    return file.getvalue().encode("utf-8", "replace")


def _segments(result: Result) -> Iterator[tuple[float, float, str]]:
    for segment in result["segments"]:
        yield float(segment["start"]), float(segment["end"]), str(segment["text"]).strip()


def _clock(seconds: float, *, mark: str, hours: bool) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    front = f"{hour:02d}:" if hours or hour else ""
    return f"{front}{minute:02d}:{second:02d}{mark}{milliseconds:03d}"


def _txt(result: Result, file: TextIO) -> None:
    file.writelines(f"{text}\n" for _, _, text in _segments(result))


def _tsv(result: Result, file: TextIO) -> None:
    file.write("start\tend\ttext\n")
    for start, end, text in _segments(result):
        columns = (str(round(1000 * start)), str(round(1000 * end)), text.replace("\t", " "))
        file.write("\t".join(columns) + "\n")


def _srt(result: Result, file: TextIO) -> None:
    for number, (start, end, text) in enumerate(_segments(result), start=1):
        times = " --> ".join(_clock(s, mark=",", hours=True) for s in (start, end))
        file.write(f"{number}\n{times}\n{text.replace('-->', '->')}\n\n")


def _vtt(result: Result, file: TextIO) -> None:
    file.write("WEBVTT\n\n")
    for start, end, text in _segments(result):
        times = " --> ".join(_clock(s, mark=".", hours=False) for s in (start, end))
        file.write(f"{times}\n{text.replace('-->', '->')}\n\n")


def _json(result: Result, file: TextIO) -> None:
    json.dump(result, file)


PLAIN: dict[str, Callable[[Result, TextIO], None]] = {
    "json": _json, "srt": _srt, "tsv": _tsv, "txt": _txt, "vtt": _vtt,
}  # fmt: skip
