"""Meets our own disk's failure: full, or as ``initial_prompt`` says (``EIO``, ``EMFILE``, …)."""

import errno
import os
from collections.abc import Mapping
from typing import Any

from tests.engines.beast import Beast, loader


class FullDisk(Beast):
    def misbehave(self, options: Mapping[str, Any]) -> None:
        number = getattr(errno, str(options.get("initial_prompt") or "ENOSPC"))
        raise OSError(number, os.strerror(number))


load = loader(FullDisk)
