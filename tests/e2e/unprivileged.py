"""Becoming somebody without privileges, also where the interpreter lies in root's own home.

Purpose: ``command(uid, gid)``, the words to put before a program's own.
Limits: where a closed folder hides the interpreter, a mount namespace of its own opens it for
this one process; nothing on the machine is changed.
"""

import os
import subprocess
import sys
from pathlib import Path

OTHERS_MAY_PASS = 0o001


def hidden() -> Path | None:
    """Return the highest folder on the way to the interpreter that others may not enter."""
    way = [*Path(sys.base_prefix).parents][::-1]
    return next((p for p in way if not p.stat().st_mode & OTHERS_MAY_PASS), None)


def command(uid: int, gid: int) -> list[str]:
    """Return the prefix that runs a program as ``uid`` and ``gid`` without any other group."""
    become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
    closed = hidden()
    if closed is None:
        return become
    inside = Path(sys.base_prefix).relative_to(closed)
    script = f"""
        set -e; aside=$(mktemp -d); mount --bind '{sys.base_prefix}' "$aside"
        mount -t tmpfs -o mode=755 tmpfs '{closed}'; mkdir -p '{closed / inside}'
        mount --move "$aside" '{closed / inside}'; rmdir "$aside"; umask 007; exec "$@"
    """
    return ["unshare", "--mount", "sh", "-c", script, "sh", *become]


def possible() -> bool:
    """Return whether this machine lets us do that."""
    if os.geteuid() != 0:
        return False
    tried = subprocess.run([*command(65534, 65534), sys.executable, "-c", ""], check=False)
    return tried.returncode == 0
