"""Child processes: started, signalled with their whole group, reaped; on Linux and elsewhere.

Purpose: ``start`` -> ``Process``; ``Process.signal`` and ``Process.poll``.
Guarantees: a child gets only the descriptors it is handed, and a session of its own, so that a
Ctrl-C on the daemon's terminal passes it by. A signal never hits a stranger: we signal through a
pidfd, or by the number of a child that we have not reaped. Its group is killed before its number
is free again.
Limits: without Linux calls the group is signalled after the leader was reaped; a group's number
stays taken while it has members, so that the worst is a signal to nobody.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from runner.job.wire import Spec


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a process ended. Both None: it ended, nobody could say how."""

    code: int | None = None
    signal: int | None = None
    peak_bytes: int = 0
    """The largest resident size, mapped weights included."""

    @classmethod
    def of(cls, status: int, max_rss: int) -> "Exit":
        """Read what ``wait4`` returns."""
        peak = max_rss if sys.platform == "darwin" else max_rss * 1024
        code = os.waitstatus_to_exitcode(status)
        return cls(signal=-code, peak_bytes=peak) if code < 0 else cls(code=code, peak_bytes=peak)


def start(
    module: str, spec: Spec, *, socket_fd: int, output_fd: int, environment: Mapping[str, str]
) -> "Process":
    """Start ``python -m MODULE SPEC SOCKET_FD OUR_PID``; stdout and stderr go to ``output_fd``.

    ``-P`` keeps the working directory out of the module path: a ``torch.py`` that lies there
    must not be what a worker imports.
    """
    arguments = [spec.model_dump_json(), str(socket_fd), str(os.getpid())]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL, stdout=output_fd, stderr=output_fd,
        env=dict(environment), pass_fds=(socket_fd,), start_new_session=True,
    )  # fmt: skip
    child.returncode = 0  # we reap it ourselves; this keeps Popen's hands off it
    return Process(child.pid, pidfd=open_pidfd(child.pid) if spec.linux_calls else None, ours=True)


def open_pidfd(pid: int) -> int | None:
    """Return a descriptor of a process that we know to be there, where the system has them."""
    opener = getattr(os, "pidfd_open", None)
    try:
        return opener(pid) if opener else None
    except OSError:
        return None


class Process:
    """A template or a worker. ``ours``: we are its parent (a forked worker's is its template)."""

    def __init__(self, pid: int, *, pidfd: int | None, ours: bool) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.ours = ours
        self.exit: Exit | None = None

    def signal(self, number: int) -> None:
        """Signal it and its whole group; one that has gone is no matter."""
        if self.exit is not None:
            return
        with suppress(OSError):
            if self.pidfd is not None:
                signal.pidfd_send_signal(self.pidfd, number)
            elif self.ours:
                os.kill(self.pid, number)
            else:
                return  # a number that somebody else reaps proves nothing
            os.killpg(self.pid, number)

    def gone(self) -> bool:
        """Return whether it has ended, reaped or not. Needs a pidfd."""
        if self.exit is not None or self.pidfd is None:
            return self.exit is not None
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(0))

    def poll(self) -> Exit | None:
        """Reap it if it is our child and has ended; return how it ended."""
        if self.exit is None:
            try:
                self.exit = self._reap()
            except ChildProcessError:
                # Not (or no longer) our child: its own parent knows how it ended.
                self.exit = Exit() if self.gone() else None
        return self.exit

    def close(self) -> None:
        """Let go of its descriptor."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def _reap(self) -> Exit | None:
        """Kill what is left of the group, before the number is free where that can be had."""
        if self.pidfd is not None:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return None
            self._kill_group()
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        if self.pidfd is None:
            self._kill_group()
        return Exit.of(status, usage.ru_maxrss)

    def _kill_group(self) -> None:
        with suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
