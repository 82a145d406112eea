"""The rooms that touch strangers' files, tested again by somebody without privileges.

Root sees no permission fault: what needs another owner is set up by root in the rooms' own tests,
what must hold for an ordinary user is asked of one here.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests import needs
from tests.e2e import unprivileged

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
ROOMS = ("durable", "spool", "inbox", "dispatcher")
ABOUT_OTHER_THINGS = ("spool/test_spool_stops.py", "inbox/test_inbox_scale.py")
"""Thousands of files, whose owner makes no difference."""


@needs.user()
def test_the_rooms_hold_for_an_ordinary_user(open_folder: Path) -> None:
    """The tests of durable, spool, inbox and dispatcher must pass for a user without privileges."""
    if not unprivileged.possible():
        needs.refuse("needs to become another user who can run the interpreter")
    os.chown(open_folder, NOBODY, NOBODY)
    environment = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG"}}
    done = subprocess.run(
        [
            *unprivileged.command(NOBODY, NOBODY), sys.executable, "-m", "pytest", "-q",
            "-p", "no:cacheprovider", f"--basetemp={open_folder}/tests",
            *(f"--ignore=tests/{path}" for path in ABOUT_OTHER_THINGS),
            *(f"tests/{room}" for room in ROOMS),
        ],
        cwd=ROOT, env=environment | {"HOME": str(open_folder), "TMPDIR": str(open_folder)},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
