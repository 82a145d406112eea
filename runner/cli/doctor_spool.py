"""The doctor's look at the spool: filesystem, moves, locks, leases, events, permissions, space.

Limits: needs the rights of the runner to see what the runner will see; says whose they are.
"""

import getpass
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner import durable
from runner.cli.chosen import Chosen
from runner.cli.doctor import FAIL, OK, WARN, Finding
from runner.cli.screen import size
from runner.job.states import HELD_STATES
from runner.spool import Layout

READ_WRITE_ENTER = os.R_OK | os.W_OK | os.X_OK
FEW_INODES = 10_000
SHARED = stat.S_ISVTX | stat.S_ISGID


def _folders(layout: Layout) -> tuple[Path, ...]:
    held = (layout.of(state) for state in HELD_STATES)
    return (layout.inbox, layout.outbox, layout.staging, *held, layout.run, layout.public)


def existence(chosen: Chosen) -> Iterator[Finding]:
    """The spool."""
    layout = chosen.layout
    missing = [folder.name for folder in _folders(layout) if not folder.is_dir()]
    if not missing:
        yield Finding(OK, "spool", str(layout.root))
        return
    above = next(path for path in (layout.root, *layout.root.parents) if path.exists())
    if not above.is_dir() or not os.access(above, READ_WRITE_ENTER):
        seen = f"{layout.root} is not there and can't be made in {above}"
        cure = "name another place (--spool), or let this user write there"
        yield Finding(FAIL, "spool", seen, cure)
    else:
        seen = f"{layout.root} has no {', '.join(missing)}"
        yield Finding(WARN, "spool", seen, "`whisper-spool run` makes what is missing")


def one_filesystem(chosen: Chosen) -> Iterator[Finding]:
    """One filesystem."""
    from runner.inbox.mounts import file_system, remote

    layout = chosen.layout
    home = layout.active.stat().st_dev
    others = [folder.name for folder in _folders(layout) if folder.stat().st_dev != home]
    kind = file_system(layout.root) or "unknown"
    if others:
        cure = "put the whole spool on one filesystem, in one mount"
        yield Finding(FAIL, "filesystem", f"{', '.join(others)} lies on another one", cure)
    elif remote(kind):
        cure = "run one runner only, on the machine that has the disk, and export from there"
        seen = f"{kind}: locks, leases and events are not promised there"
        yield Finding(WARN, "filesystem", seen, cure)
    else:
        yield Finding(OK, "filesystem", f"one, {kind}")


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


def moving(chosen: Chosen) -> Iterator[Finding]:
    """Moves from folder to folder."""
    with _probe(chosen.layout.staging) as here, _probe(chosen.layout.outbox) as taken:
        try:
            durable.move(here, taken)
        except FileExistsError:
            durable.unlink(taken, sync=False)
            how = durable.move(here, taken)
        else:
            seen = "a move replaced a file that was there"
            yield Finding(FAIL, "moves", seen, "use another filesystem")
            return
    if how is durable.How.RENAME:
        yield Finding(OK, "moves", "by rename, never replacing")
    else:
        seen = "this filesystem can't rename without replacing; link and unlink is used"
        yield Finding(WARN, "moves", seen)


def locking(chosen: Chosen) -> Iterator[Finding]:
    """Locks."""
    from runner.spool.lease import lock

    with _probe(chosen.layout.staging) as path, path.open("rb") as one, path.open("rb") as two:
        if lock(one.fileno()) and not lock(two.fileno()):
            yield Finding(OK, "locks", "hold")
        else:
            yield Finding(FAIL, "locks", "two could hold one lock", "use a local filesystem")


def leasing(chosen: Chosen) -> Iterator[Finding]:
    """Read leases."""
    from runner.inbox.writers import leases_work

    if not chosen.settings.linux_calls:
        yield Finding(WARN, "read leases", "switched off by linux_calls")
    elif leases_work(chosen.layout.inbox, "doctor"):
        yield Finding(OK, "read leases", "the kernel says who still writes to a file")
    else:
        seen = "not to be had here; a file must be quiet for longer before it is taken"
        cure = "copy under a temporary name and rename, or raise settle_seconds"
        yield Finding(WARN, "read leases", seen, cure)


def events(chosen: Chosen) -> Iterator[Finding]:
    """Events."""
    from runner.inbox import open_watcher

    # Not under the runner's name: its own probe files must not meet ours.
    settings = chosen.settings.model_copy(update={"runner_name": "doctor"})
    watcher = open_watcher(chosen.layout.inbox, settings)
    try:
        if watcher.mode == "events":
            yield Finding(OK, "events", "new files are noticed at once")
        else:
            every = f"looked for every {settings.poll_seconds:g} s"
            yield Finding(WARN, "events", f"none ({watcher.why}); new files are {every}")
    finally:
        watcher.close()


def permissions(chosen: Chosen) -> Iterator[Finding]:
    """Permissions of each folder."""
    layout = chosen.layout
    for folder in _folders(layout):
        facts = folder.stat()
        what = f"folder {folder.relative_to(layout.root)}/"
        mode = f"mode {stat.S_IMODE(facts.st_mode):04o}"
        fault, cure = _fault(layout, folder, facts.st_mode)
        if not os.access(folder, READ_WRITE_ENTER):
            seen = f"{mode}, owner {facts.st_uid}: {getpass.getuser()} can't work in it"
            yield Finding(FAIL, what, seen, "run as its owner, or chown it")
        elif fault:
            yield Finding(WARN, what, f"{mode}: {fault}", cure)
        else:
            yield Finding(OK, what, mode)


def _fault(layout: Layout, folder: Path, mode: int) -> tuple[str, str]:
    """Return what is wrong with a folder's mode, and the cure."""
    from runner.spool.prepare import ACL

    if folder in map(layout.of, HELD_STATES) and mode & 0o077:
        return "others can look into jobs", f"chmod 0700 {folder}"
    if folder in (layout.inbox, layout.staging) and mode & SHARED != SHARED:
        fault = "droppers can remove each other's files, or share no group"
        return fault, f"chmod 3770 {folder}"
    if folder == layout.inbox and not _has(folder, ACL):
        fault = "no default ACL: what is dropped with umask 022 may be unreadable or stuck"
        return fault, f"setfacl -d -m u:{os.geteuid()}:rwX {folder}, or droppers use umask 002"
    if folder == layout.outbox and not mode & stat.S_ISGID:
        return "results don't belong to its group", f"chmod 2770 {folder}"
    return "", ""


def _has(folder: Path, attribute: str) -> bool:
    if not hasattr(os, "getxattr"):
        return True  # no Linux: nothing to say about it
    with suppress(OSError):
        return bool(os.getxattr(folder, attribute))
    return False


def space(chosen: Chosen) -> Iterator[Finding]:
    """Free space."""
    root, least = chosen.layout.root, chosen.settings.min_free_bytes
    facts, free = os.statvfs(root), shutil.disk_usage(root).free
    seen = f"{size(free)}, intake pauses below {size(least)}"
    if free < least:
        cure = "make room, `whisper-spool prune`, or lower min_free_bytes"
        yield Finding(FAIL, "free space", seen, cure)
    elif facts.f_files and facts.f_favail < FEW_INODES:
        seen = f"only {facts.f_favail} inodes left"
        yield Finding(WARN, "free space", seen, "remove many small files")
    else:
        yield Finding(OK, "free space", seen)


def checks(layout: Layout) -> tuple[Callable[[Chosen], Iterator[Finding]], ...]:
    """Return the checks that can be made: most need a whole spool."""
    if not all(folder.is_dir() for folder in _folders(layout)):
        return (existence,)
    return (existence, one_filesystem, moving, locking, leasing, events, permissions, space)
