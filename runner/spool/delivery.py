"""Delivery: what the record plans is moved to the outbox, as often as it takes, each thing once.

Purpose: ``deliver`` for the renderings of an attempt.
Guarantees: named in the record and absent from ``attempt-N/`` is delivered and never delivered
again. Each change of plan is in the record before it is acted on. The marker is moved when the
others are on the device.
"""

import os
from pathlib import PurePath

from runner import durable
from runner.job.errors import SpoolError
from runner.job.record import Delivery, GivenName
from runner.spool.lease import Held
from runner.spool.outbox import enter, put
from runner.spool.plan import SKIPPED, PublishLaw, change_plan, folder_of, rewrite

PATIENCE = 100
"""How often it starts again because somebody took a name or a folder away in that moment."""


def deliver(held: Held, law: PublishLaw) -> None:
    """Move what still waits to the outbox; afterwards it is on the device."""
    for _ in range(PATIENCE):
        waiting = _waiting(held)
        try:
            _move_all(held, waiting)
        except (FileExistsError, IsADirectoryError):
            change_plan(held, law, _waiting(held))
        except FileNotFoundError:
            continue  # the folder went away under us: make it again
        except OSError as error:
            if error.errno not in durable.NO_NATIVE:
                raise
            rewrite(held, {d.rendering: {"how": "link"} for d in _waiting(held)})
        else:
            return
    raise SpoolError(f"{held.path}: somebody keeps taking our names in the outbox")


def _waiting(held: Held) -> list[Delivery]:
    """Return what is named in the record and still in the attempt's folder."""
    home = held.attempt_dir(held.record.publishing)
    return [
        delivery
        for delivery in held.record.deliveries
        if delivery.how != SKIPPED and os.path.lexists(home / delivery.rendering)
    ]


def _move_all(held: Held, waiting: list[Delivery]) -> None:
    """Move ``waiting`` in order, the marker after a sync; a second time it only syncs."""
    deliveries = held.record.deliveries
    home, planned = held.attempt_dir(held.record.publishing), folder_of(deliveries[-1])
    with enter(held.layout, planned) as folder:
        if waiting and folder.relative != planned:
            _follow(held, waiting, folder.relative)
            waiting = _waiting(held)
        for delivery in waiting:
            if delivery.rendering == deliveries[-1].rendering and len(deliveries) > 1:
                durable.sync_dir(folder.fd)
            name = PurePath(delivery.name.on_disk()).name
            put(home / delivery.rendering, folder, name, delivery.how)
        durable.sync_dir(folder.fd)


def _follow(held: Held, waiting: list[Delivery], relative: str) -> None:
    """The folder's name has become useless since: record where the rest goes."""
    prefix = f"{relative}/" if relative else ""
    rewrite(
        held,
        {
            d.rendering: {"name": GivenName.of(prefix + PurePath(d.name.on_disk()).name)}
            for d in waiting
        },
    )
