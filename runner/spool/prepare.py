"""Making the spool's folders, and refusing a place where the protocol can't hold.

Purpose: ``prepare`` at every start.
Guarantees: missing folders are made with the modes of the plan; folders that are there keep
theirs (``doctor`` speaks about them). A probe file is renamed through all of them: what that
needs, one filesystem and the right to write, is what every move needs.
Diagnostics: ``SpoolError``, one sentence.
"""

import errno
import os
import secrets
import struct
from contextlib import suppress
from pathlib import Path

from runner import durable
from runner.job.errors import SpoolError
from runner.job.states import HELD_STATES
from runner.spool.faults import ours
from runner.spool.layout import Layout

ACL = "system.posix_acl_default"
DROP = 0o3770
"""Sticky, so that droppers can't remove each other's files; setgid, so that all share a group."""
COLLECT = 0o2770
PRIVATE = 0o700
SEEN = 0o755

_ACL_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY = 0xFFFFFFFF


def prepare(layout: Layout) -> None:
    """Make what is missing, then prove that moves work here."""
    _make(layout.root, SEEN, parents=True)
    modes = {
        layout.inbox: DROP,
        layout.outbox: COLLECT,
        layout.staging: DROP,
        **{layout.of(state): PRIVATE for state in HELD_STATES},
        layout.run: SEEN,
        layout.public: SEEN,
    }
    for path, mode in modes.items():
        _make(path, mode)
    with suppress(OSError):  # no ACLs here, or a folder that is not ours: doctor says so
        set_default_acl(layout.inbox)
    _probe(layout)


def _make(path: Path, mode: int, *, parents: bool = False) -> None:
    with ours(f"{path}: can't be made"):
        if parents and not path.parent.is_dir():
            _make(path.parent, SEEN, parents=True)
        if not durable.make_dir(path, mode) and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def _probe(layout: Layout) -> None:
    """Rename a file through every folder."""
    name = f".probe-{secrets.token_hex(4)}"
    here = layout.staging / name
    with ours(f"{here.parent}: can't be written"):
        os.close(os.open(here, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    folders = [layout.of(state) for state in HELD_STATES]
    try:
        for folder in (layout.inbox, *folders, layout.outbox, layout.staging):
            here = _step(here, folder / name)
    finally:
        with suppress(OSError):
            durable.unlink(here, sync=False)


def _step(here: Path, there: Path) -> Path:
    try:
        durable.replace(here, there)
    except OSError as error:
        text = f"a file can't be moved from {here.parent} to {there.parent} ({error.strerror})"
        if error.errno == errno.EXDEV:
            text += "; the whole spool must be one filesystem and one mount"
        raise SpoolError(text, error.errno) from error
    return there


def set_default_acl(folder: Path) -> bool:
    """Let us into whatever is made below ``folder``, past any umask; False if it has one."""
    if not hasattr(os, "setxattr"):
        return False
    with suppress(OSError):
        if os.getxattr(folder, ACL):
            return False
    mode = folder.stat().st_mode
    entries = (
        (_USER_OBJ, mode >> 6 & 7, _NOBODY),
        (_USER, 7, os.geteuid()),
        (_GROUP_OBJ, mode >> 3 & 7, _NOBODY),
        (_MASK, 7, _NOBODY),
        (_OTHER, mode & 7, _NOBODY),
    )
    packed = b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(folder, ACL, struct.pack("<I", _ACL_VERSION) + packed)
    return True
