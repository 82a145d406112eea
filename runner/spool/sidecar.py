"""Sidecars: the option file that travels with a recording.

Purpose: ``bring_sidecar`` moves it into the job's directory after the claim, or completes that.
Guarantees: its content is in the record before the claim, so losing this race loses nothing;
only the very file that was read is moved, never one that was dropped later for another
recording.
Limits: a sidecar that can't be moved stays in the inbox, where the scan lists it.
"""

import os
import stat
from pathlib import Path, PurePath

from runner import durable
from runner.job.errors import PASSING, SpoolError
from runner.job.record import JobRecord
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
    try:
        folder = durable.open_below(held.layout.inbox, record.folder.on_disk())
        try:
            return _move(record, name, folder, target)
        finally:
            os.close(folder)
    except OSError as error:
        if error.errno in PASSING:
            raise SpoolError(f"{target}: can't be moved in ({error})", error.errno) from error
        return False


def _move(record: JobRecord, name: str, folder: int, target: Path) -> bool:
    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    same = (facts.st_dev, facts.st_ino) == (record.device, record.sidecar_inode)
    if not same or not stat.S_ISREG(facts.st_mode):
        return False
    durable.replace(name, target, src_dir_fd=folder)
    return True
