"""The doctor's look at the spool's folders: filesystem, moves, locks, leases, permissions, space.

Limits: needs the rights of the runner to see what the runner will see; says whose they are.
"""

import os
import pwd
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner import durable
from runner.cli.findings import Finding, fail, ok, warn
from runner.cli.screen import size
from runner.job.states import HELD_STATES

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen
    from runner.spool import Layout

Check = Callable[["Chosen"], Iterator[Finding]]
READ_WRITE_ENTER = os.R_OK | os.W_OK | os.X_OK
FEW_INODES = 10_000
STICKY_SHARED = stat.S_ISVTX | stat.S_ISGID


def spool_folders(layout: "Layout") -> tuple[Path, ...]:
    """Return every folder of a spool."""
    held = (layout.of(state) for state in HELD_STATES)
    return (layout.inbox, layout.outbox, layout.staging, *held, layout.run, layout.public)


def _whole(layout: "Layout") -> bool:
    return all(folder.is_dir() for folder in spool_folders(layout))


def existence(chosen: "Chosen") -> Iterator[Finding]:
    """The spool."""
    layout = chosen.layout
    missing = [folder for folder in spool_folders(layout) if not folder.is_dir()]
    if not missing:
        yield ok("spool", str(layout.root))
        return
    above = next(path for path in (layout.root, *layout.root.parents) if path.exists())
    if not above.is_dir() or not os.access(above, READ_WRITE_ENTER):
        cure = "name another place (--spool), or let this user write there"
        yield fail("spool", f"{layout.root} is not there and can't be made in {above}", cure)
    elif len(missing) == len(spool_folders(layout)):
        yield warn("spool", f"{layout.root} is not there yet", "`whisper-spool run` makes it")
    else:
        names = ", ".join(folder.name for folder in missing)
        yield warn("spool", f"{layout.root} has no {names}", "`whisper-spool run` makes them")


def one_filesystem(chosen: "Chosen") -> Iterator[Finding]:
    """One filesystem."""
    from runner.inbox.mounts import file_system, remote

    layout = chosen.layout
    if not _whole(layout):
        return
    home = layout.active.stat().st_dev
    others = [folder.name for folder in spool_folders(layout) if folder.stat().st_dev != home]
    kind = file_system(layout.root) or "unknown"
    if others:
        cure = "put the whole spool on one filesystem, in one mount"
        yield fail("filesystem", f"{', '.join(others)} lie on another one", cure)
    elif remote(kind):
        cure = "run one runner only, on the machine that has the disk, and export from there"
        yield warn("filesystem", f"{kind}: locks, leases and events are not promised there", cure)
    else:
        yield ok("filesystem", f"one, {kind}")


@contextmanager
def _probe(folder: Path) -> Iterator[Path]:
    """Yield a file of ours, and remove what is left of it."""
    path = folder / f".probe-doctor-{secrets.token_hex(4)}"
    durable.create(path)
    try:
        yield path
    finally:
        with suppress(FileNotFoundError):
            durable.unlink(path, sync=False)


def moving(chosen: "Chosen") -> Iterator[Finding]:
    """Moves from folder to folder."""
    layout = chosen.layout
    if not _whole(layout):
        return
    with _probe(layout.staging) as here, _probe(layout.outbox) as taken:
        try:
            durable.move(here, taken)
        except FileExistsError:
            pass
        else:
            yield fail("moves", "a move replaced a file that was there", "use another filesystem")
            return
        there = layout.outbox / here.name
        how = durable.move(here, there)
        durable.unlink(there, sync=False)
    if how is durable.How.RENAME:
        yield ok("moves", "by rename, never replacing")
    else:
        yield warn("moves", "this filesystem can't rename without replacing; link + unlink is used")


def locking(chosen: "Chosen") -> Iterator[Finding]:
    """Locks."""
    from runner.spool.lease import lock

    if not _whole(chosen.layout):
        return
    folder = chosen.layout.staging
    with _probe(folder) as path:
        first, second = (os.open(path, os.O_RDWR | os.O_CLOEXEC) for _ in range(2))
        try:
            holds = lock(first) and not lock(second)
        finally:
            os.close(first)
            os.close(second)
    if holds:
        yield ok("locks", "hold")
    else:
        yield fail("locks", "two could hold one lock", "use a local filesystem")


def leasing(chosen: "Chosen") -> Iterator[Finding]:
    """Read leases."""
    from runner.inbox.writers import leases_work

    if not _whole(chosen.layout):
        return
    if not chosen.settings.linux_calls:
        yield warn("read leases", "switched off by linux_calls")
    elif leases_work(chosen.layout.inbox, "doctor"):
        yield ok("read leases", "the kernel says who still writes to a file")
    else:
        cure = "copy under a temporary name and rename, or raise settle_seconds"
        seen = "not to be had here; a file must be quiet for longer before it is taken"
        yield warn("read leases", seen, cure)


def events(chosen: "Chosen") -> Iterator[Finding]:
    """Events."""
    from runner.inbox import open_watcher

    if not _whole(chosen.layout):
        return
    # Not under the runner's name: its own probe files must not meet ours.
    settings = chosen.settings.model_copy(update={"runner_name": "doctor"})
    watcher = open_watcher(chosen.layout.inbox, settings)
    try:
        if watcher.mode == "events":
            yield ok("events", "new files are noticed at once")
        else:
            every = f"looked for every {settings.poll_seconds:g} s"
            yield warn("events", f"none ({watcher.why}); new files are {every}")
    finally:
        watcher.close()


def permissions(chosen: "Chosen") -> Iterator[Finding]:
    """Permissions of each folder."""
    layout = chosen.layout
    me = pwd.getpwuid(os.geteuid()).pw_name if _known_user() else str(os.geteuid())
    for folder in filter(Path.is_dir, spool_folders(layout)):
        facts = folder.stat()
        what = f"folder {folder.relative_to(layout.root)}/"
        mode = f"{stat.S_IMODE(facts.st_mode):04o}"
        fault, cure, bad = _fault(layout, folder, facts)
        if not os.access(folder, READ_WRITE_ENTER):
            seen = f"mode {mode}, owner {facts.st_uid}: {me} can't work in it"
            yield fail(what, seen, f"chown it to {me}, or run as its owner")
        elif fault:
            yield (fail if bad else warn)(what, f"mode {mode}: {fault}", cure)
        else:
            yield ok(what, f"mode {mode}")


def _known_user() -> bool:
    with suppress(KeyError):
        pwd.getpwuid(os.geteuid())
        return True
    return False


def _fault(layout: "Layout", folder: Path, facts: os.stat_result) -> tuple[str, str, bool]:
    """Return what is wrong with a mode, the cure, and whether it is grave."""
    from runner.spool.prepare import ACL

    private = {layout.of(state) for state in HELD_STATES}
    if folder in private and facts.st_mode & 0o077:
        return "others can look into jobs", f"chmod 0700 {folder}", False
    if folder in (layout.inbox, layout.staging):
        if facts.st_mode & STICKY_SHARED != STICKY_SHARED:
            cure = f"chmod 3770 {folder}"
            return "droppers can remove each other's files, or share no group", cure, False
        if folder == layout.inbox and not _has_acl(folder, ACL):
            seen = "no default ACL: what is dropped with umask 022 may be unreadable or stuck"
            cure = f"setfacl -d -m u:{os.geteuid()}:rwX {folder}, or droppers use umask 002"
            return seen, cure, False
    if folder == layout.outbox and not facts.st_mode & stat.S_ISGID:
        return "results don't belong to its group", f"chmod 2770 {folder}", False
    return "", "", False


def _has_acl(folder: Path, name: str) -> bool:
    if not hasattr(os, "getxattr"):
        return True  # no Linux: nothing to say about it
    with suppress(OSError):
        return bool(os.getxattr(folder, name))
    return False


def space(chosen: "Chosen") -> Iterator[Finding]:
    """Free space."""
    root, least = chosen.layout.root, chosen.settings.min_free_bytes
    if not root.is_dir():
        return
    facts = os.statvfs(root)
    free = facts.f_bavail * facts.f_frsize
    if free < least:
        cure = "make room, `whisper-spool prune`, or lower min_free_bytes"
        yield fail("free space", f"{size(free)}, intake pauses below {size(least)}", cure)
    elif facts.f_files and facts.f_favail < FEW_INODES:
        yield warn("free space", f"only {facts.f_favail} inodes left", "remove many small files")
    else:
        yield ok("free space", f"{size(free)}, intake pauses below {size(least)}")


CHECKS: tuple[Check, ...] = (
    existence, one_filesystem, moving, locking, leasing, events, permissions, space,
)  # fmt: skip
