"""The intent of a publish: which rendering gets which name, before anything is visible.

Purpose: ``PublishLaw``; ``plan`` stores the intent, ``change_plan`` answers a clash.
Guarantees: the marker (``.json`` when chosen, else the last format) is the last delivery; the
record holds the names before the outbox does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self

from runner.config import Settings
from runner.job.end import EndRecord
from runner.job.outcomes import OutcomeKind
from runner.job.record import Delivery, GivenName, JobRecord
from runner.spool.ends import read_end
from runner.spool.lease import Held
from runner.spool.names import PLAIN, outbox_names
from runner.spool.outbox import Folder, enter, free_number, make_readable

SKIPPED = "skipped"
MARKER = "json"


@dataclass(frozen=True, kw_only=True)
class PublishLaw:
    """How results come out."""

    outbox_name: str = PLAIN
    on_existing: str = "number"
    output_mode: int = 0o660
    linux_calls: bool = True

    @property
    def how(self) -> str:
        """How a delivery that must not replace is done."""
        return "rename" if self.linux_calls else "link"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the law of the settings."""
        return cls(
            outbox_name=settings.outbox_name,
            on_existing=settings.on_existing,
            output_mode=settings.output_mode,
            linux_calls=settings.linux_calls,
        )


def plan(held: Held, law: PublishLaw, end: EndRecord, now: float) -> None:
    """Store the intent, with the attempt's end and the facts that came with it."""
    record = held.record
    last = sorted(end.renderings, key=lambda rendering: rendering.format == MARKER)
    formats = [rendering.format for rendering in last]
    home = held.attempt_dir(end.attempt)
    with enter(held.layout, record.folder.on_disk()) as folder:
        number, how = _number_and_how(folder, law, record, end)
        names = _names(law, record, end.language, formats, number)
        deliveries = tuple(
            Delivery(
                rendering=rendering.file,
                name=GivenName.of(folder.full(names[rendering.format])),
                sha256=rendering.sha256,
                inode=make_readable(home / rendering.file, folder, law.output_mode),
                how=how,
            )
            for rendering in last
        )
    planned = _ended(record, now).but(deliveries=deliveries, publishing=end.attempt)
    held.save(planned.but(finished_at=now, suspect=False, reason=None, relief=""))


def _ended(record: JobRecord, now: float) -> JobRecord:
    """Close an attempt whose end nobody saw: its END is what counts."""
    still_open = record.current
    if still_open is None:
        return record
    facts = {"ended_at": now, "outcome": OutcomeKind.END.value}
    return record.with_attempt(still_open.model_copy(update=facts))


def _names(
    law: PublishLaw,
    record: JobRecord,
    language: str,
    formats: Iterable[str],
    number: int,
) -> dict[str, str]:
    return outbox_names(
        law.outbox_name,
        formats,
        name=record.name.on_disk(),
        language=language,
        job=record.id,
        number=number,
    )


def _number_and_how(
    folder: Folder, law: PublishLaw, record: JobRecord, end: EndRecord
) -> tuple[int, str]:
    """Return the number that the names take, and how they are moved there."""
    formats = [rendering.format for rendering in end.renderings]

    def names(number: int) -> list[str]:
        return list(_names(law, record, end.language, formats, number).values())

    if law.on_existing == "number":
        return free_number(folder, names), law.how
    if law.on_existing == "replace":
        return 1, "replace"
    return 1, SKIPPED if any(folder.has(name) for name in names(1)) else law.how


def rewrite(held: Held, changes: Mapping[str, Mapping[str, object]]) -> None:
    """Record other names or ways for some deliveries, by rendering."""
    deliveries = tuple(
        delivery.model_copy(update=dict(changes.get(delivery.rendering, {})))
        for delivery in held.record.deliveries
    )
    held.save(held.record.but(deliveries=deliveries))


def change_plan(held: Held, law: PublishLaw, waiting: Iterable[Delivery]) -> None:
    """Somebody has a name that we wanted: skip, or take the next number for all that waits."""
    waiting = tuple(waiting)
    with enter(held.layout, folder_of(waiting[0])) as folder:
        if law.on_existing == "skip":
            taken = [d for d in waiting if folder.has(PurePath(d.name.on_disk()).name)]
            rewrite(held, {d.rendering: {"how": SKIPPED} for d in taken})
            return
        names = _numbered(held, law, folder, waiting)
    rewrite(
        held,
        {
            d.rendering: {
                "name": GivenName.of(folder.full(names[_format(d)])),
                "how": law.how if d.how == "replace" else d.how,
            }
            for d in waiting
        },
    )


def _numbered(
    held: Held, law: PublishLaw, folder: Folder, waiting: tuple[Delivery, ...]
) -> dict[str, str]:
    """Return the names of ``waiting`` with the lowest number that is free for all of them."""
    end = read_end(held, held.record.publishing)
    language = "" if isinstance(end, str) else end.language
    formats = [_format(delivery) for delivery in waiting]

    def names(number: int) -> dict[str, str]:
        return _names(law, held.record, language, formats, number)

    return names(free_number(folder, lambda number: names(number).values()))


def _format(delivery: Delivery) -> str:
    return delivery.rendering.rpartition(".")[2]


def folder_of(delivery: Delivery) -> str:
    """Return the outbox folder of a delivery, ``""`` for the outbox itself."""
    return delivery.name.on_disk().rpartition("/")[0]
