"""A file that may be claimed: what ``inbox`` saw of it and what ``spool`` needs to take it.

Purpose: the noun ``Entry``, which crosses from the intake to the claim.
Guarantees: frozen. ``path`` is where the file lies now (the inbox, or staging for the part of
an upload form) and was never followed through a symbolic link. The four facts (device, inode,
size, ctime) are those of the moment at which the file was found ready.
Limits: a rename changes ctime, so ``unchanged`` holds before the claim's rename only and
``unmoved`` is the question to ask after it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.job.record import GivenName


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One claimable file. Names on disk are as ``os.listdir`` gives them (surrogates)."""

    path: Path
    """Absolute; what the claim renames."""
    folder: str = ""
    """The folder relative to the inbox, as on disk; empty for the inbox itself."""
    name: str
    """The file's own name, as on disk."""
    display: GivenName
    """The name a person gave: decoded from a PUT, or told by a form."""
    size: int
    device: int
    inode: int
    ctime_ns: int
    upload_id: str | None = None
    """The 32 hex digits of a PUT, or of the form that announced it."""
    upload: str | None = None
    """``<form id>/<k>`` for a part that a form announced; k counts from 1."""
    expected_sha256: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Only what was set explicitly; ``JobRecord.options``."""
    option_sources: tuple[str, ...] = ()
    sidecar: Path | None = None
    """Absolute; its content is already in ``options``. Moved in after the claim."""
    notes: tuple[str, ...] = ()
    """What to tell the person though it is no fault, e.g. a name that differs from the content."""

    @property
    def given_folder(self) -> GivenName:
        """The folder as ``JobRecord.folder`` wants it."""
        return GivenName.of(self.folder)

    @property
    def given_sidecar(self) -> GivenName | None:
        """The sidecar's own name as ``JobRecord.sidecar`` wants it."""
        return GivenName.of(self.sidecar.name) if self.sidecar else None

    def unchanged(self, facts: os.stat_result) -> bool:
        """Return whether ``facts`` are exactly those of the readiness test (before a rename)."""
        return self.unmoved(facts) and facts.st_ctime_ns == self.ctime_ns

    def same(self, facts: os.stat_result) -> bool:
        """Return whether ``facts`` are of the same file, whatever it holds by now."""
        return (facts.st_dev, facts.st_ino) == (self.device, self.inode)

    def unmoved(self, facts: os.stat_result) -> bool:
        """Return whether ``facts`` are of the same file with the same size (after a rename)."""
        return (facts.st_dev, facts.st_ino, facts.st_size) == (self.device, self.inode, self.size)
