"""Child programs that are no workers: pulling a model, a runner for the demo.

Purpose: ``Program``, a child of ours that reports one JSON object a line on its standard output.
Guarantees: reading never blocks; ending is TERM, then KILL; nothing is left behind.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

GRACE_SECONDS = 5.0
READ_BYTES = 65536
MAX_LINE_BYTES = 65536


class Program:
    """``python -m MODULE ARGUMENTS…`` and what it reports."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment,
            process_group=0,  # a Ctrl-C is for us; in our session, or it would be an orphan
        )  # fmt: skip
        assert self._process.stdout is not None  # noqa: S101 - PIPE was asked for
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._rest = b""

    def reports(self) -> Iterator[dict[str, Any]]:
        """Yield what it has reported since the last call."""
        data = self._output.read(READ_BYTES) or b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-MAX_LINE_BYTES:]
        for line in lines:
            try:
                report = json.loads(line)
            except ValueError:
                continue  # a library's own chatter
            if isinstance(report, dict):
                yield report

    def ended(self) -> int | None:
        """Return its exit status, None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """End it: TERM, then KILL."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()
