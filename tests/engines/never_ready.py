"""Is never ready."""

import time

from tests.engines.beast import Beast, loader


class NeverReady(Beast):
    def prepare(self, device: str, threads: int) -> None:
        del device, threads
        while True:
            time.sleep(3600)


load = loader(NeverReady)
