"""What a worker's loop gives to ``perform``, for tests that have no loop."""

from pathlib import Path
from typing import Any

from runner.job.ids import new_id
from runner.job.wire import Order


class Listener:
    """A ``Reporter`` that remembers."""

    def __init__(self) -> None:
        self.news: list[tuple[str, float]] = []

    def accepted(self) -> None:
        self.news.append(("accepted", 0.0))

    def length(self, seconds: float) -> None:
        self.news.append(("length", seconds))

    def progress(self, phase: str, fraction: float) -> None:
        self.news.append((phase, fraction))


def order_for(source: Path, attempt_dir: Path, **more: Any) -> Order:
    """An order for ``source``; makes the attempt's folder."""
    attempt_dir.mkdir()
    given: dict[str, Any] = {
        "job": new_id(1.7e9, 7), "attempt": 1, "source": str(source),
        "attempt_dir": str(attempt_dir), "source_name": "talk.mp3",
        "source_size": source.stat().st_size, "options": {},
        "formats": ("srt", "vtt", "txt", "tsv", "json"),
        "facts": {"attempts": 1, "upload_id": "ab" * 16, "notes": ["the name says .mp3"]},
    }  # fmt: skip
    return Order(**(given | more))
