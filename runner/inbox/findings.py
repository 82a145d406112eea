"""What a scan finds: values for the dispatcher, sentences for people.

Purpose: the nouns of the intake. Nothing here acts.
Guarantees: frozen; the lists meant for people are cut (``SHOWN``), their totals are not.
"""

from dataclasses import dataclass
from pathlib import Path

from runner.job.entry import Entry
from runner.job.record import Reason

SHOWN = 50
"""How many names ``Scan.waiting`` and ``Scan.troubled`` hold at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A file that can be taken and never be transcribed: claim it, then bury it."""

    entry: Entry
    reason: Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A file that is not claimed yet. ``name`` is its printable path in the inbox."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Something that stays in the inbox until a person acts. ``cure`` says how."""

    path: str
    sentence: str
    cure: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """One turn of the scanner.

    ``next_due`` is the monotonic instant at which the next turn is worth its while without an
    event: ``now`` itself while work is left over, None never.
    """

    ready: tuple[Entry, ...] = ()
    """Claimable now, oldest ctime first, then by name; at most ``limit``. Returned again by the
    next scan while they are still there."""
    refused: tuple[Refused, ...] = ()
    """Found bad. Not bounded by ``limit``: a bad file is told though no slot is free."""
    finished_forms: tuple[Path, ...] = ()
    """Upload forms all of whose jobs exist: remove them."""
    waiting: tuple[Waiting, ...] = ()
    waiting_total: int = 0
    troubled: tuple[Trouble, ...] = ()
    troubled_total: int = 0
    blocked_folders: tuple[Trouble, ...] = ()
    """Folders whose ``_options.toml`` is bad: nothing below them is claimed. Health is red."""
    unsettled: int = 0
    """Files that may become ready without anybody's help (``run --once`` waits for them)."""
    complete: bool = False
    """The whole inbox has been walked at least once since the start."""
    next_due: float | None = None
