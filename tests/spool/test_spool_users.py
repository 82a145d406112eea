"""The spool as plain users live with it: a runner, and droppers of another uid in its group.

Root sees none of these faults, so the runner and the dropper are other processes.
"""

import errno
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import spool
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
DROPPER = 65533
"""Any uid that is nobody's and not the runner's."""

pytestmark = needs.user("nobody")


class Site:
    """A spool of the user ``nobody``, and a dropper who shares its group."""

    def __init__(self, root: Path) -> None:
        account = pwd.getpwnam("nobody")
        self.uid, self.gid = account.pw_uid, account.pw_gid
        os.chown(root, self.uid, self.gid)
        root.chmod(0o755)
        self.layout = spool.Layout(root / "spool")

    def runner(self, verb: str) -> str:
        """Let the runner do something."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.spool.mover", str(self.layout.root), verb,
             str(self.uid), str(self.gid)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def dropper(self, script: str, *, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
        """Let the dropper run a shell script in the spool."""
        return subprocess.run(
            ["/bin/sh", "-c", script], cwd=self.layout.root, user=DROPPER, group=self.gid,
            extra_groups=[], umask=umask, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def drop(self, script: str, *, umask: int = 0o022) -> None:
        """The dropper's script must work."""
        done = self.dropper(script, umask=umask)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a prepared site outside of pytest's private folders."""
    root = Path(tempfile.mkdtemp(prefix="spool-users-"))
    try:
        made = Site(root)
        made.runner("prepare")
        yield made
    finally:
        shutil.rmtree(root, ignore_errors=True)


def test_what_can_be_taken_is_taken_and_the_rest_has_a_reason(site: Site) -> None:
    """Plain files and folders under umask 022 come in; what is closed to us is a value."""
    site.drop("echo x > inbox/plain.mp3; mkdir inbox/folder; echo x > inbox/folder/inner.mp3")
    site.drop("umask 077; echo x > inbox/private.mp3; chmod 600 inbox/private.mp3")
    site.drop("mkdir inbox/closed; echo x > inbox/closed/stuck.mp3; chmod 755 inbox/closed")
    said = json.loads(site.runner("claim"))
    assert said == {
        "plain.mp3": "Held",
        "inner.mp3": "Held" if has_acl(site) else errno.EACCES,
        "private.mp3": errno.EACCES,
        "stuck.mp3": errno.EACCES,
    }
    left = {p.name for p in site.layout.inbox.rglob("*") if p.is_file()}
    assert {"private.mp3", "stuck.mp3"} <= left
    assert list(site.layout.staging.iterdir()) == []


def has_acl(site: Site) -> bool:
    """Return whether this file system keeps default ACLs."""
    try:
        return bool(os.getxattr(site.layout.inbox, "system.posix_acl_default"))
    except OSError:
        return False


def test_droppers_get_their_results_and_nothing_else(site: Site) -> None:
    """They may read and take results, not look into jobs, nor remove each other's drops."""
    site.drop("echo x > inbox/talk.mp3; mkdir inbox/a; chmod 2770 inbox/a; echo y > inbox/a/b.mp3")
    site.runner("work")
    site.drop("cat outbox/talk.srt outbox/talk.json && cat outbox/a/b.srt")
    site.drop("rm outbox/talk.srt outbox/a/b.json")
    assert site.dropper("ls done").returncode != 0
    assert site.dropper("ls active").returncode != 0
    (site.layout.inbox / "others.mp3").write_text("of root")
    assert site.dropper("rm -f inbox/others.mp3").returncode != 0


def test_a_hostile_outbox_folder_is_walked_around(site: Site) -> None:
    """A dropper's own closed folder in the outbox must not stop the result."""
    site.drop("mkdir outbox/a; chmod 755 outbox/a; mkdir -m 2770 inbox/a; echo x > inbox/a/b.mp3")
    site.runner("work")
    assert (site.layout.outbox / "a-2" / "b.srt").exists()


def test_another_users_rendering_is_not_ours(site: Site) -> None:
    """A file of another uid in the attempt is no rendering of ours."""
    site.drop("echo x > inbox/talk.mp3")
    site.runner("claim")
    (job,) = spool.list_ids(site.layout, spool.State.ACTIVE)
    held = spool.take(site.layout, spool.State.ACTIVE, job)
    assert isinstance(held, spool.Held)
    with held:
        from tests.spool.world import World  # noqa: PLC0415 - as root, beside the site

        world = World(site.layout)
        world.begin(held)
        world.work(held)
        os.chown(held.attempt_dir(1) / "rendering.srt", DROPPER, -1)
        assert spool.valid_end(held, 1) == "rendering.srt is not ours alone"
