"""Events where there is no inotify: watchdog's own ``Observer`` for the platform.

Purpose: ``PortableEvents`` has the face of ``events.Events``, for macOS (FSEvents), and for
Linux with ``linux_calls = false``, which is how it is tested.
Limits: as late as the platform's observer (half a second on Linux); a rename is not told from
a copy, so nothing is ready at once; it watches the whole tree by itself.
"""

import os
import threading
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from runner.inbox.hints import Hint, Hints, Wake

TELLING = frozenset({"created", "moved", "closed", "modified"})


class PortableEvents(FileSystemEventHandler):
    """The platform's source of events."""

    def __init__(self, root: Path, wake: Wake) -> None:
        self._root = root
        self._wake = wake
        self._hints = Hints()
        self._awaited: tuple[str, threading.Event] = ("", threading.Event())
        self._observer = Observer()
        self._observer.schedule(self, str(root), recursive=True)
        self._observer.start()

    @property
    def hints(self) -> Hints:
        """What has gathered."""
        return self._hints

    @property
    def fault(self) -> str:
        """Why events no longer come; empty while they do."""
        threads = (self._observer, *self._observer.emitters)
        return "" if all(thread.is_alive() for thread in threads) else "an event thread has died"

    def watch(self, folder: str) -> bool:
        """Return True: the observer watches the whole tree."""
        del folder
        return True

    def await_rename(self, name: str) -> threading.Event:
        """Return what is set when ``name`` is seen."""
        self._awaited = (name, threading.Event())
        return self._awaited[1]

    def close(self) -> None:
        """End the threads."""
        self._observer.stop()
        self._observer.join(timeout=2.0)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Turn one event into a hint. Nothing may escape: it would end the thread."""
        try:
            if event.event_type in TELLING:
                self._handle(os.fsdecode(event.dest_path or event.src_path), event.is_directory)
        except Exception:  # noqa: BLE001 - whatever it was, a rescan makes it good
            self._hints.want_rescan()
        self._wake.ring()

    def _handle(self, path: str, is_folder: bool) -> None:  # noqa: FBT001 - watchdog's own word
        relative = os.path.relpath(path, self._root)
        if relative == self._awaited[0]:
            self._awaited[1].set()
        elif relative != "." and not relative.startswith("../"):
            self._hints.add(Hint(relative, renamed=False, folder=is_folder))
