"""Is never ready, until it is mended."""

import signal
from pathlib import Path

from tests.engines.beast import Beast, mended


class NeverReady(Beast):
    def prepare(self, device: str, threads: int) -> None:
        del device, threads
        while not mended(self.model_name):
            signal.pause()


def load(model: str, model_dir: Path) -> Beast:
    """Load without trouble."""
    del model_dir
    beast = NeverReady()
    beast.model_name = model
    return beast
