"""Ends with exit code 0 and without END: a lie."""

import os
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class ExitEarly(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        del options
        os._exit(0)


load = loader(ExitEarly)
