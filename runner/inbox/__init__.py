"""The intake: which dropped files may be claimed now, and what is known about the others.

Purpose: ``Scanner.scan(now, limit=n)`` answers; ``open_watcher`` makes it answer soon.
Guarantees: events are hints, the scan is the truth. Symbolic links are never followed, no file
is opened for writing, at most 64 KiB of any file is read. Nothing is moved or removed here
(but the probe files of the start, whose names begin with a dot). No clock is read.
Diagnostics: other people's faults are values (``Refused``, ``Trouble``); an unreadable inbox
itself raises ``SpoolError``.

How the dispatcher uses it::

    watcher = open_watcher(layout.inbox, settings)
    scanner = Scanner(layout.inbox, layout.staging, settings, known, watcher=watcher)
    selector.register(watcher, EVENT_READ)          # it has fileno(), in poll mode too
    ...
    watcher.drain()                                 # when its descriptor is readable
    scan = scanner.scan(now, limit=free_slots)      # cheap when nothing is due; limit may be 0
    # each ready: claim; then still_untouched(entry, job_dir / "source"), else defer a little
    # claim skipped (EACCES, EPERM, EXDEV, ...): scanner.set_back(entry, why, cure=..., now=now)
    # each refused: claim, bury.  each finished form: remove
    # sleep until scan.next_due, the watcher's descriptor or anything else
"""

from runner.inbox.findings import Refused, Scan, Trouble, Waiting
from runner.inbox.scanner import Scanner
from runner.inbox.watcher import Watcher, open_watcher
from runner.inbox.writers import being_written, still_untouched

__all__ = [
    "Refused",
    "Scan",
    "Scanner",
    "Trouble",
    "Waiting",
    "Watcher",
    "being_written",
    "open_watcher",
    "still_untouched",
]
