"""Raises what no engine should."""

from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class RaiseError(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        raise ValueError("a\nstrange\x1b[31m value")


load = loader(RaiseError)
