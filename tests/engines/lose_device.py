"""Loses its device in the middle of the work."""

from collections.abc import Mapping
from typing import Any

from runner.job.errors import EngineError
from tests.engines.beast import Beast, loader


class LoseDevice(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        raise EngineError("the device has fallen off the bus")


load = loader(LoseDevice)
