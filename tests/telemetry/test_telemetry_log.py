"""The log: one event a line, whatever names hold."""

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from runner.telemetry.log import Form, configure, logger

HOSTILE = 'a\nb\r\x1b[2J\u2028\u202e\x00\udcff 한국어 🎤="quoted".wav'


def line(form: Form, event: str = "claimed", **values: Any) -> str:
    """Log one event and return what was written."""
    stream = io.StringIO()
    configure(form, stream=stream)
    logger(job="01abc").info(event, **values)
    return stream.getvalue()


def test_people_read_event_job_and_attempt_first() -> None:
    """Time, level, then event, job, attempt, then the rest."""
    written = line("human", name="a.wav", attempt=2)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT[\d:.]+Z info event=claimed job=01abc attempt=2 name=a\.wav\n",
        written,
    )


@pytest.mark.parametrize("form", ["human", "json"])
def test_an_event_is_one_line_whatever_names_hold(form: Form) -> None:
    """Nothing in a name may begin a line, steer a terminal or hide; scripts and emoji stay."""
    written = line(form, name=HOSTILE, outputs=[HOSTILE], more={HOSTILE: HOSTILE})
    assert written.count("\n") == 1
    assert written.endswith("\n")
    assert len(written.splitlines()) == 1
    assert not set(written[:-1]) & set("\r\x1b\u2028\u202e\x00")
    assert "한국어 🎤" in written
    written.encode()  # no surrogates


def test_programs_read_json() -> None:
    """The json form must be one object a line with the values as they are."""
    seen = json.loads(line("json", size=3, share=0.5, known=True, gone=None, outputs=["a", "b"]))
    assert list(seen)[:4] == ["timestamp", "level", "event", "job"]
    assert (seen["event"], seen["job"], seen["level"]) == ("claimed", "01abc", "info")
    facts = {key: seen[key] for key in ("size", "share", "known", "gone", "outputs")}
    assert facts == {"size": 3, "share": 0.5, "known": True, "gone": None, "outputs": ["a", "b"]}


def test_an_error_s_traceback_stays_in_its_line() -> None:
    """An exception that is logged must not spread over several lines."""
    stream = io.StringIO()
    configure("human", stream=stream)
    try:
        int(HOSTILE)
    except ValueError:
        logger().exception("failed")
    assert stream.getvalue().count("\n") == 1
    assert "ValueError" in stream.getvalue()


def test_a_full_or_closed_log_stops_nobody() -> None:
    """A log that can't be written (full disk, gone reader, closed stream) must be no error."""
    closed = io.StringIO()
    closed.close()
    configure("human", stream=closed)
    logger().info("claimed")
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            configure("human", stream=full)
            logger().info("claimed")
            full.close = lambda: None  # type: ignore[method-assign]
    reader, writer = os.pipe()
    os.close(reader)
    pipe = os.fdopen(writer, "w")
    configure("human", stream=pipe)
    logger().info("claimed")
    with pytest.raises(BrokenPipeError):
        pipe.close()


def test_every_event_is_a_past_participle() -> None:
    """Whatever the runner logs must be called by what has happened."""
    irregular = {
        "begun",
        "gone",
        "held",
        "kept",
        "left",
        "lost",
        "put",
        "sent",
        "shut",
        "told",
        "withheld",
    }
    calls = re.compile(r"log\.(?:debug|info|warning|error)\(\s*\"([^\"]+)\"")
    house = Path(__file__).resolve().parents[2] / "runner"
    events = {event for path in house.rglob("*.py") for event in calls.findall(path.read_text())}
    assert len(events) > 10
    last_words = {event: event.split("_")[-1] for event in events}
    assert [
        e for e, word in last_words.items() if not (word.endswith("ed") or word in irregular)
    ] == []
