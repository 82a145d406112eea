"""Does nothing at all, for benchmarks: no decoding is saved, but no computing is added."""

from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, Report, loader


class Noop(Beast):
    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        del samples, options, report
        return {"text": "", "segments": [], "language": "en"}


load = loader(Noop)
