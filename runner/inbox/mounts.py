"""On which kind of file system a folder lies.

Purpose: ``file_system(path)`` for Linux; ``REMOTE`` names those whose files change elsewhere,
so that a local probe of events proves nothing.
Limits: elsewhere than on Linux the answer is the empty text.
"""

import os
import re
from pathlib import Path

TABLE = Path("/proc/self/mountinfo")
REMOTE = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs",
        "vboxsf", "vmhgfs", "prl_fs", "lustre", "ocfs2", "gfs2",
    }
)  # fmt: skip
_OCTAL = re.compile(r"\\([0-7]{3})")


def file_system(path: Path, *, table: str | None = None) -> str:
    """Return the type of the file system that holds ``path``, e.g. ``ext4``, ``fuse.sshfs``."""
    if table is None:
        try:
            table = TABLE.read_text(errors="surrogateescape")
        except OSError:
            return ""
    here = os.path.realpath(path)
    best = ("", "")
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        point = _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), before.split(" ")[4])
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        # Of two mounts on one point the later line is the one that is seen.
        if inside and len(point) >= len(best[0]):
            best = (point, after.split(" ")[0])
    return best[1]


def remote(kind: str) -> bool:
    """Return whether files on it may change without an event here."""
    return kind in REMOTE or kind.startswith("fuse")
