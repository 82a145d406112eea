"""Claim: an inbox file becomes a job.

Purpose: ``claim(layout, entry)``.
Guarantees: the job's directory is built and locked in staging, holds the whole intent, and is
renamed to ``active/``; when all of that is on the device the file is renamed into it, and that
rename is the claim. So a recording is in the inbox or in a leased job, never elsewhere. All this
goes through one descriptor of the file's folder, reached without following a link.
Diagnostics: ``LostRace`` (taken by another runner, or changed since it was tested) and
``Skipped`` (the system refuses this one file: sentence and cure) are values; only trouble with
our own directories raises.
Why the syncs come together: a journal commits once for all that was changed before the first of
them, and thrice with one after each change (measured on ext4, both cores busy: 7 ms against 20).
Limits: the claim's own rename is not synced here. Until an attempt begins a power cut may put
the file back into the inbox, where it is whole; ``begin``, ``defer`` and ``bury`` all sync the
job's directory before anything follows from the claim.
"""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner import durable
from runner.job.entry import Entry
from runner.job.errors import SpoolError
from runner.job.record import JobRecord
from runner.job.states import State
from runner.spool.faults import ours
from runner.spool.layout import RECORD, Layout
from runner.spool.lease import Held, is_at, lock
from runner.spool.removal import discard
from runner.spool.sidecar import bring_sidecar

SMALL_TREE = 64


@dataclass(frozen=True)
class LostRace:
    """The file is not there any more, or not the one that was tested: look again."""

    why: str = ""


@dataclass(frozen=True)
class Skipped:
    """The system refuses this one file; it stays where it is."""

    errno: int
    sentence: str
    cure: str


_REFUSALS: dict[int, tuple[str, str]] = {
    errno.EACCES: (
        "the runner may not read the file or may not take it out of its folder",
        "let the group read the file and write in its folder: chmod -R g+rwX, or umask 002",
    ),
    errno.EPERM: (
        "the system does not permit taking it (immutable, or another's in a sticky folder)",
        "chattr -i the file, or give it to the runner's user",
    ),
    errno.EXDEV: (
        "it lies on another filesystem than the spool",
        "copy it into the inbox itself; nothing may be mounted inside the inbox",
    ),
    errno.EBUSY: ("the system says that it is in use", "end what uses it, or unmount it"),
    errno.ETXTBSY: ("it is a program that runs", "end that program"),
    errno.EAGAIN: ("another program holds a lease on it", "close it there"),
    errno.ENAMETOOLONG: ("its path is too long", "give it a shorter name"),
    errno.ELOOP: ("it is a symbolic link, or its path goes in circles", "put the file itself here"),
    errno.ESTALE: ("the network share has lost it", "mount the share again, or drop it again"),
    errno.EISDIR: ("it is a folder", "drop the recordings that are in it"),
    errno.ENXIO: ("nothing answers behind it", "remove it"),
}  # fmt: skip


def claim(
    layout: Layout,
    entry: Entry,
    *,
    id: str,  # noqa: A002 - the noun
    runner: str,
    now: float,
) -> Held | LostRace | Skipped:
    """Take the file of ``entry`` as the job ``id``."""
    try:
        folder = _folder(layout, entry)
    except OSError as error:
        return _value_of(error)
    try:
        return _look(entry, folder) or _claim(
            layout, entry, folder, _intent(entry, id, runner, now)
        )
    finally:
        os.close(folder)


def _folder(layout: Layout, entry: Entry) -> int:
    """Open the folder that the file lies in, once for all that is done with its name.

    A folder that was swapped for a link since the scan gives an error, never another place.
    """
    for root in (layout.inbox, layout.staging):
        if entry.path.is_relative_to(root):
            relative = os.path.relpath(entry.path.parent, root)
            return durable.open_below(root, "" if relative == "." else relative)
    raise SpoolError(f"{entry.path}: lies neither in the inbox nor in staging")


def _claim(
    layout: Layout, entry: Entry, folder: int, intent: JobRecord
) -> Held | LostRace | Skipped:
    held = _build(layout, intent)
    if held is None:
        return LostRace("a sweep took the new directory away")
    try:
        lost = _take_file(held, entry, folder)
    except BaseException:
        held.close()
        raise
    if lost is None:
        return held
    discard(held)
    return lost


def _look(entry: Entry, folder: int) -> LostRace | Skipped | None:
    """Refuse what can't be taken or is not what was tested, before anything is built."""
    name = entry.path.name
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(facts.st_mode):
            return _skipped(errno.EISDIR)
        if not entry.unchanged(facts):
            return LostRace("it has changed since it was tested")
        if stat.S_ISREG(facts.st_mode):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            os.close(os.open(name, flags, dir_fd=folder))
    except OSError as error:
        return _value_of(error)
    return None


def _value_of(error: OSError) -> LostRace | Skipped:
    """Return a lost race or a refusal; raise what is neither."""
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return LostRace("it is not there any more")
    if error.errno in _REFUSALS:
        return _skipped(error.errno)
    raise SpoolError(f"a file of the inbox can't be claimed ({error})", error.errno) from error


def _skipped(code: int) -> Skipped:
    return Skipped(code, *_REFUSALS[code])


def _intent(entry: Entry, job: str, runner: str, now: float) -> JobRecord:
    """Return the record with which the job begins."""
    inode = 0
    if entry.sidecar is not None:
        with suppress(OSError):
            inode = os.lstat(entry.sidecar).st_ino
    return JobRecord(
        id=job, name=entry.display, folder=entry.given_folder,
        upload_id=entry.upload_id, upload=entry.upload,
        size=entry.size, device=entry.device, inode=entry.inode, ctime_ns=entry.ctime_ns,
        expected_sha256=entry.expected_sha256, claimed_at=now, runner=runner,
        options=entry.options, option_sources=entry.option_sources,
        sidecar=entry.given_sidecar, sidecar_inode=inode, notes=entry.notes,
    )  # fmt: skip


def _build(layout: Layout, record: JobRecord) -> Held | None:
    """Build and lock the job's directory in staging and rename it to ``active/``."""
    draft, target = layout.building(record.id), layout.job_dir(State.ACTIVE, record.id)
    with ours(f"{draft}: can't be made"):
        durable.make_dir(draft, 0o700, sync=False)
        fd = durable.open_dir(draft)
    try:
        if lock(fd) and is_at(fd, draft):
            with ours(f"{draft}: can't be built"):
                durable.write_new(draft / RECORD, record.to_json(), sync=False)
                durable.replace(draft, target)
                durable.sync_file(target / RECORD)
                durable.sync_dir(fd)
                durable.sync_dir(target.parent)
            return Held(layout, record.id, State.ACTIVE, record, fd)
    except SpoolError:
        _tidy(draft, fd)
        raise
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def _tidy(draft: Path, fd: int) -> None:
    """Leave nothing behind of a build that failed; a full disk may refuse even that."""
    with suppress(OSError):
        durable.remove_tree(draft, budget=SMALL_TREE)
    os.close(fd)


def _take_file(held: Held, entry: Entry, folder: int) -> LostRace | Skipped | None:
    """Rename the file into the job's directory, and then its sidecar; None when it is ours."""
    name = entry.path.name
    try:
        durable.replace(name, held.source, src_dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ENOENT and not held.path.is_dir():
            raise SpoolError(f"{held.path}: has vanished", error.errno) from error
        if not os.path.lexists(held.source):  # a network mount may say ENOENT after it did it
            return _value_of(error)
    facts = held.source.lstat()
    if stat.S_ISDIR(facts.st_mode):
        with ours(f"{entry.path}: a folder can't be put back"):
            durable.move(held.source, name, dst_dir_fd=folder)
        return _skipped(errno.EISDIR)
    if not entry.same(facts):
        return _put_back(held, name, folder)
    if entry.sidecar is not None:
        with ours(f"{held.path}: can't be synced"):
            durable.sync_dir(held.fd)  # the sidecar must never go without its recording
        bring_sidecar(held)
    return None


def _put_back(held: Held, name: str, folder: int) -> LostRace | None:
    """Another file has taken the name in the last moment: it has not been looked at.

    Where the name is taken again meanwhile, it stays with us; who claims sees that it differs.
    """
    with ours(f"{held.source}: can't be put back"):
        try:
            durable.move(held.source, name, dst_dir_fd=folder)
        except FileExistsError:
            return None
    return LostRace("another file has taken its name")
