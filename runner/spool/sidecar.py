"""Sidecars: the option file that travels with a recording.

Purpose: ``bring_sidecar`` moves it into the job's directory after the claim, or completes that.
Guarantees: its content is in the record before the claim, so losing this race loses nothing;
only the very file that was read is moved, never one that was dropped later for another
recording.
Limits: a sidecar that can't be moved stays in the inbox, where the scan lists it.
"""

import os
import stat
from pathlib import PurePath

from runner import durable
from runner.job.errors import PASSING, SpoolError
from runner.spool.lease import Held


def bring_sidecar(held: Held) -> bool:
    """Move the record's sidecar in, if it is still to be moved; return whether it was."""
    record = held.record
    if record.sidecar is None or not os.path.lexists(held.source):
        return False  # without its recording it stays where its recording is
    name = record.sidecar.on_disk()
    target = held.path / f"sidecar{PurePath(name).suffix}"
    if os.path.lexists(target):
        return False
    path = held.layout.inbox / record.folder.on_disk() / name
    try:
        facts = os.lstat(path)
        if facts.st_ino != record.sidecar_inode or not stat.S_ISREG(facts.st_mode):
            return False
        durable.replace(path, target)
    except OSError as error:
        if error.errno in PASSING:
            raise SpoolError(f"{target}: can't be moved in ({error})", error.errno) from error
        return False
    return True
