"""Finds fault with the recording."""

from collections.abc import Mapping
from typing import Any

from runner.job.errors import MediaError
from runner.job.outcomes import Refusal
from tests.engines.beast import Beast, loader


class Refuse(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        raise MediaError(Refusal.NO_AUDIO, "the file has no sound in it")


load = loader(Refuse)
