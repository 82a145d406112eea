"""Who holds a lease that should be free: a grandchild that outlived its worker.

Purpose: ``holders`` finds the processes; ending them is ``pool``'s.
Limits: Linux's ``/proc`` and what it lets us see: processes of our own user, or all as root.
Our own process is never named.
"""

import os
from contextlib import suppress
from pathlib import Path

from runner.job.states import State
from runner.spool.layout import Layout

PROC = Path("/proc")


def holders(layout: Layout, state: State, job: str) -> list[int]:
    """Return the pids that have the job's directory open, by device and inode."""
    try:
        wanted = layout.job_dir(state, job).stat()
        processes = [path.name for path in PROC.iterdir()]
    except OSError:
        return []
    pids = (int(name) for name in processes if name.isdecimal())
    return [pid for pid in pids if pid != os.getpid() and _holds(pid, job, wanted)]


def _holds(pid: int, job: str, wanted: os.stat_result) -> bool:
    """Return whether ``pid`` has the directory open.

    The link's text is asked first: a stat through it can hang on a dead network mount.
    """
    with suppress(OSError):
        for link in (PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                if job in link.readlink().name and os.path.samestat(link.stat(), wanted):
                    return True
    return False
