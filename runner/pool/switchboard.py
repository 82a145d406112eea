"""What templates report of the workers they made.

Purpose: ``switchboard(crew, tell)`` -> the function that takes a template's messages.
Guarantees: the descriptors that came with a message are taken with it, wanted or not.
"""

import os
from collections.abc import Callable
from typing import Any

from runner.pool.crew import Crew
from runner.pool.events import Event, Orphans
from runner.pool.processes import Exit, Process
from runner.pool.template import Template

Hear = Callable[[Template, dict[str, Any], float], None]


def switchboard(crew: Crew, tell: Callable[[Event], None]) -> Hear:
    """Return the reaction to one message of a template."""

    def hear(template: Template, message: dict[str, Any], now: float) -> None:
        number = int(message.get("worker") or 0)
        fds = template.channel.take_fds(int(message.get("fds") or 0))
        match message.get("event"):
            case "forked":
                pidfd = fds.pop(0) if fds else None
                process = Process(int(message["pid"]), pidfd=pidfd, ours=False)
                crew.forked(number, process, now)
            case "exited":
                crew.exited(number, _exit_of(message))
            case "unforked":
                crew.unforked(number, str(message.get("reason")), now)
            case "orphans":
                tell(Orphans(count=int(message["count"])))
        for fd in fds:
            os.close(fd)

    return hear


def _exit_of(message: dict[str, Any]) -> Exit:
    code, signal = message.get("exit_code"), message.get("signal")
    return Exit(
        code=None if code is None else int(code),
        signal=None if signal is None else int(signal),
        peak_bytes=int(message.get("max_rss_bytes") or 0),
    )
