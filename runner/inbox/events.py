"""Events of the inbox through watchdog's inotify thread, with a mask of our own.

Purpose: ``Events`` turns what happens in the watched folders into hints and rings.
Guarantees: event to ring in well under a millisecond. An exception in the handler, a queue
that overflows, a folder that is moved end in a wish for a rescan, never in silence; ``fault``
tells when the thread has died or the inbox itself is gone.
Why not an ``Observer``: its emitters listen to MOVED_FROM and hold it, and everything behind
it, for half a second, waiting for its other half; our own claims make one each (facts: 250 ms
at the median). Watchdog's lower half, ``InotifyFD``, has no such queue and takes any mask.
Limits: one level a watch; who walks the tree sets them (``watch``), before listing a folder.
"""

import os
import sys
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from runner.inbox.hints import Hint, Hints, Wake

_C = InotifyConstants
MASK = Mask(
    _C.IN_MOVED_TO
    | _C.IN_CLOSE_WRITE
    | _C.IN_CREATE
    | _C.IN_ATTRIB  # somebody mends permissions
    | _C.IN_DELETE_SELF
    | _C.IN_MOVE_SELF
    | _C.IN_ONLYDIR
    | _C.IN_DONT_FOLLOW
)


class Events:
    """The inotify source. ``OSError`` when the system has no more of them."""

    def __init__(self, root: Path, wake: Wake) -> None:
        self._root = root
        self._wake = wake
        self._hints = Hints()
        self._fault = ""
        self._ids = count(1)
        self._folders: dict[WatchDescriptor, tuple[str, CallbackId]] = {}
        self._watched: set[str] = set()
        self._awaited: tuple[str, threading.Event] = ("", threading.Event())
        self._inotify = InotifyFD()
        _keep_from_children()
        self._inotify.start()

    @property
    def hints(self) -> Hints:
        """What has gathered."""
        return self._hints

    @property
    def fault(self) -> str:
        """Why events no longer come; empty while they do."""
        return self._fault or ("" if self._inotify.is_alive() else "the event thread has died")

    def watch(self, folder: str) -> bool:
        """Watch one folder from now on; return whether that worked."""
        if folder in self._watched:
            return True
        number = CallbackId(next(self._ids))
        with suppress(OSError):
            watch = self._inotify.add_callback(os.fsencode(self._root / folder), MASK, self, number)
            if watch >= 0:  # -1 without an error: no permission
                self._folders[watch] = (folder, number)
                self._watched.add(folder)
                return True
        return False

    def await_rename(self, name: str) -> threading.Event:
        """Return what is set when ``name`` is renamed into the inbox; it gives no hint."""
        self._awaited = (name, threading.Event())
        return self._awaited[1]

    def close(self) -> None:
        """End the thread."""
        self._inotify.stop()
        if self._inotify is not threading.current_thread():
            self._inotify.join(timeout=1.0)

    # --- called by watchdog's thread -----------------------------------------------------

    def on_event(self, event: InotifyEvent) -> None:
        """Turn one event into a hint. Nothing may escape: it would end the thread."""
        try:
            self._handle(event)
        except Exception:  # noqa: BLE001 - whatever it was, a rescan makes it good
            self._hints.want_rescan()
        self._wake.ring()

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """A watched folder is gone."""
        folder, _ = self._folders.pop(wd, (None, None))
        if folder == "":
            self._fail("the inbox was removed")
        elif folder is not None:
            self._watched.discard(folder)

    def on_queue_overflow(self) -> None:
        """Events were lost."""
        self._hints.want_rescan()
        self._wake.ring()

    def _handle(self, event: InotifyEvent) -> None:
        folder, _ = self._folders.get(event.wd, (None, None))
        if folder is None:
            return
        if event.is_move_self:
            self._moved(folder)
        elif event.name:
            name = os.fsdecode(event.name)
            if not folder and name == self._awaited[0] and event.is_moved_to:
                self._awaited[1].set()
                return
            path = f"{folder}/{name}" if folder else name
            inside = bool(event.mask & _C.IN_ISDIR)
            self._hints.add(Hint(path, renamed=event.is_moved_to and not inside, folder=inside))
        elif event.is_attrib and folder:
            self._hints.add(Hint(folder, renamed=False, folder=True))

    def _moved(self, folder: str) -> None:
        """A folder has another name or place now: forget its watches, walk again."""
        if not folder:
            self._fail("the inbox was moved away")
            return
        below = [
            (watch, number)
            for watch, (path, number) in tuple(self._folders.items())
            if path == folder or path.startswith(f"{folder}/")
        ]
        for watch, _ in below:
            self._watched.discard(self._folders.pop(watch)[0])
        self._inotify.remove_callbacks(below)
        self._hints.want_rescan()

    def _fail(self, fault: str) -> None:
        self._fault = self._fault or fault
        self._hints.want_rescan()
        self._wake.ring()


def _keep_from_children() -> None:
    """Watchdog opens its descriptor without CLOEXEC, and keeps its number to itself."""
    if sys.platform != "linux":
        return
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if str(link.readlink()).startswith("anon_inode:inotify"):
                os.set_inheritable(int(link.name), False)  # noqa: FBT003 - its signature
