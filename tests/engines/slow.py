"""Takes as many seconds as ``initial_prompt`` says (default 0.5), reporting progress."""

import time
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, Report, loader

STEP = 0.05


class Slow(Beast):
    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        seconds = float(options.get("initial_prompt") or 0.5)
        start = time.monotonic()
        while (spent := time.monotonic() - start) < seconds:
            report(spent / seconds)
            time.sleep(min(STEP, seconds - spent))
        return super().transcribe(samples, options, report)


load = loader(Slow)
