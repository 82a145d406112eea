"""Aborts, as MPS does."""

import os
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class Abort(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        os.abort()


load = loader(Abort)
