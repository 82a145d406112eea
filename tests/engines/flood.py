"""Prints 160 MB and then works as if nothing were."""

import os
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, Report, loader

LINE = b"flood " * 10923 + b"\n"
TOTAL = 160 * 1000 * 1000


class Flood(Beast):
    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        os.write(1, b"FIRST WORDS\n")
        written = 0
        while written < TOTAL:
            written += os.write(1, LINE)
            report(written / TOTAL)  # printing is no sign of progress
        os.write(2, b"LAST WORDS\n")
        if options.get("initial_prompt") == "crash":
            os.abort()
        return super().transcribe(samples, options, report)


load = loader(Flood)
