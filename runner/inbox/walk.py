"""Walking the inbox, a bounded number of entries at a time.

Purpose: ``Walk`` shows the room every file of a tree (or of some folders that are new).
Guarantees: a folder is listed after its watch is set, so that nothing falls between; a file
that is known costs no system call of its own; symbolic links are never entered, other file
systems neither; temporary names and folders are passed over.
Diagnostics: what a person must mend is collected in ``troubles``; a missing or unreadable
inbox itself is a ``SpoolError``.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from runner import durable
from runner.inbox.findings import Trouble
from runner.inbox.junk import Junk
from runner.inbox.look import facts_of, writable
from runner.job.errors import SpoolError
from runner.job.printable import printable

MOST_TROUBLES = 1000

Meet = Callable[[str, int], bool]
Observe = Callable[[str, os.stat_result], None]


class Walk:
    """One walk. ``folders`` are where it begins; ``full`` says that they are the whole inbox."""

    def __init__(
        self,
        inbox: Path,
        folders: list[str],
        *,
        junk: Junk,
        depth: int,
        watch: Callable[[str], object],
        meet: Meet,
        observe: Observe,
    ) -> None:
        self.full = folders == [""]
        self.entries = 0
        self.troubles: dict[str, Trouble] = {}
        self._inbox = inbox
        self._device = 0
        self._folders = folders
        self._junk = junk
        self._depth = depth
        self._watch = watch
        self._meet = meet
        self._observe = observe
        self._steps = self._all()

    def step(self, budget: int) -> bool:
        """Look at up to ``budget`` entries; return whether the walk is over."""
        looked = sum(1 for _ in islice(self._steps, budget))
        self.entries += looked
        return looked < budget

    def also(self, folder: str) -> None:
        """Walk one more folder before the end."""
        self._folders.append(folder)

    def close(self) -> None:
        """Close the folder at hand."""
        self._steps.close()

    def _all(self) -> Generator[None]:
        while self._folders:
            folder = self._folders.pop()
            self._watch(folder)
            try:
                descriptor = durable.open_below(self._inbox, folder)
            except OSError as error:
                self._unreadable(folder, error)
                continue
            try:
                yield from self._one(folder, descriptor)
            finally:
                os.close(descriptor)

    def _one(self, folder: str, descriptor: int) -> Iterator[None]:
        device = os.fstat(descriptor).st_dev
        self._device = self._device or device
        if device != self._device:
            self._trouble(folder, ELSEWHERE)
            return
        takes = writable(descriptor)
        if not takes:
            self._trouble(folder, LOCKED)
        with os.scandir(descriptor) as entries:
            for entry in entries:
                yield
                path = f"{folder}/{entry.name}" if folder else entry.name
                # Gone meanwhile, or a name the file system can't tell about: not there.
                with suppress(OSError):
                    self._entry(entry, path, descriptor, takes=takes)

    def _entry(self, entry: "os.DirEntry[str]", path: str, folder: int, *, takes: bool) -> None:
        if entry.is_dir(follow_symlinks=False):
            self._enter(entry.name, path)
        elif self._meet(path, entry.inode()) or self._junk.name(entry.name) or not takes:
            return  # known, or none of our business
        else:
            self._observe(path, facts_of(entry.name, folder))

    def _enter(self, name: str, path: str) -> None:
        if self._junk.folder(name):
            return
        if path.count("/") >= self._depth:
            self._trouble(path, (f"lies deeper than {self._depth} folders", "move it up"))
        else:
            self._folders.append(path)

    def _unreadable(self, folder: str, error: OSError) -> None:
        if not folder:
            raise SpoolError(f"{self._inbox}: {error.strerror}", error.errno) from error
        if error.errno in {errno.EACCES, errno.EPERM}:
            self._trouble(folder, UNREADABLE)
        elif error.errno not in {errno.ENOENT, errno.ELOOP, errno.ENOTDIR}:
            self._trouble(folder, (f"can't be read ({error.strerror})", "look at the disk"))

    def _trouble(self, path: str, says: tuple[str, str]) -> None:
        name = printable(path) or str(self._inbox)
        self.note(path, Trouble(path=name, sentence=says[0], cure=says[1]))

    def note(self, path: str, trouble: Trouble) -> None:
        """List something for a person to mend."""
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles[path] = trouble


REGULAR_ONLY = "put a copy of what it points to in its place"
KINDS = {
    stat.S_IFLNK: ("a symbolic link", REGULAR_ONLY),
    stat.S_IFIFO: ("a named pipe", "remove it"),
    stat.S_IFSOCK: ("a socket", "remove it"),
    stat.S_IFCHR: ("a device", "remove it"),
    stat.S_IFBLK: ("a device", "remove it"),
}
UNHEARD_OF = ("no regular file", "remove it")
ELSEWHERE = (
    "is on another file system; a claim is a rename and can't cross it",
    "copy the recordings into the inbox's own file system",
)
LOCKED = (
    "does not let this runner take files out of it",
    "give the runner's group write permission: chmod g+rwx (and umask 002 for what drops)",
)
UNREADABLE = (
    "can't be read by this runner",
    "give the runner's group permission: chmod g+rwx (and umask 002 for what drops)",
)


def special(path: str, facts: os.stat_result) -> Trouble:
    """Return how what is no regular file is listed."""
    kind, cure = KINDS.get(stat.S_IFMT(facts.st_mode), UNHEARD_OF)
    sentence = f"is {kind}, which is never followed or opened"
    return Trouble(path=printable(path), sentence=sentence, cure=cure)
