"""What confines a worker, put on by itself before anything else happens.

Purpose: ``enter(...)`` -> the facts that go into the job's record.
Guarantees: afterwards it dies with its parent, leads a session of its own, has no descriptors but
0, 1, 2 and its socket, Python's own signal dispositions, no core dumps, and is the kernel's first
choice when memory runs out.
Limits: the parent's death and orphans are Linux only; elsewhere the thread on the socket is what
ends it (``line``). ``oom_score_adj`` may be refused in a container; then it is no fact.
"""

import contextlib
import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from runner.job.exits import WorkerExit
from runner.worker import landlock, prctl

OOM_SCORE = 900
UMASK = 0o077
IGNORED = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""Ignored by every Python program, so that an error is raised instead."""
MEMORY_SLACK = 1.25
"""RLIMIT_DATA counts what is reserved, the pool what is used: the pool should be first."""


def enter(*, parent: int, keep: Iterable[int], linux: bool) -> tuple[str, ...]:
    """Put the cage on; ``parent`` is who must still be our parent."""
    _default_signals()
    facts = [
        *(_die_with(parent) if linux else ()),
        *_own_session(),
        *_close_all_but({0, 1, 2, *keep}),
        *_limits(),
        *(_kernel_first_choice() if linux else ()),
        *(landlock.facts() if linux else ()),
    ]
    faulthandler.enable(all_threads=False)  # a crash leaves its place in the log tail
    return tuple(facts)


def set_output(fd: int) -> None:
    """Make ``fd`` our stdout and stderr, and nothing our stdin."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (fd, 1), (fd, 2)):
        os.dup2(source, target)
    for source in (nothing, fd):
        if source > 2:  # noqa: PLR2004 - stderr
            os.close(source)


def _die_with(parent: int) -> Iterable[str]:
    prctl.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(WorkerExit.ORPHAN)
    yield "dies with its parent"
    prctl.become_subreaper()
    yield "subreaper"


def _own_session() -> Iterable[str]:
    if os.getsid(0) != os.getpid():
        os.setsid()
    yield "own session"


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN if number in IGNORED else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _close_all_but(kept: set[int]) -> Iterable[str]:
    """Close the gaps between the kept descriptors (``close_range`` where the system has it)."""
    folder = "/proc/self/fd" if sys.platform.startswith("linux") else "/dev/fd"
    highest = max(int(path.name) for path in Path(folder).iterdir())
    low = 0
    for fd in sorted(kept):
        _close_range(low, min(fd, highest + 1))
        low = fd + 1
    _close_range(low, highest + 1)
    yield "no other descriptors"


def _close_range(low: int, high: int) -> None:
    """Close ``low`` to ``high - 1``; CPython's own takes an empty range at 0 for everything."""
    if low < high:
        os.closerange(low, high)


def _limits() -> Iterable[str]:
    os.umask(UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    yield "no core dumps"


def _kernel_first_choice() -> Iterable[str]:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
        yield f"oom_score_adj {OOM_SCORE}"


def limit_memory(size: int) -> None:
    """Let no more than ``size`` bytes, and some slack, be reserved beyond what is there now.

    What eats memory faster than the pool looks gets a MemoryError from this. Called when the
    weights are mapped: RLIMIT_DATA would charge them.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            limit = int(line.split()[1]) * 1024 + int(size * MEMORY_SLACK)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
