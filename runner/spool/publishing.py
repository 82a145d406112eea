"""Publish: the renderings of a valid END go to the outbox, then the job is done.

Purpose: ``publish``, which starts and also continues, after a stop anywhere.
Guarantees: no visible file ever changes (but for ``on_existing = replace``), the marker is never
visible before the rest, nothing is delivered twice. Once the names are in the record the job
can only go forward. ``result.json`` stays with the job.
Diagnostics: ``SpoolError``; call it again when there is room.
Limits: on a file system without ``RENAME_NOREPLACE`` a move is link + unlink, and the record
says ``link``: a crash between the two, with a reader who took the file in that very moment,
delivers that file twice.
"""

from runner.job.end import EndRecord
from runner.job.errors import SpoolError
from runner.job.states import Move, State
from runner.spool.delivery import deliver
from runner.spool.ends import valid_end
from runner.spool.faults import ours
from runner.spool.lease import Held
from runner.spool.notice import withdraw, withdraw_older
from runner.spool.plan import SKIPPED, PublishLaw, plan


def publish(held: Held, law: PublishLaw, *, now: float, end: EndRecord | None = None) -> list[str]:
    """Deliver the last attempt and move the job to ``done/``; return the names delivered.

    ``end`` spares validating again what has just been validated.
    """
    if held.state is not State.DONE:
        with ours(f"{held.path}: can't be published"):
            if not held.record.publishing:
                plan(held, law, end or _believed(held), now)
            deliver(held, law)
        withdraw(held)
        withdraw_older(held)
    held.shift(Move.PUBLISH, State.DONE)
    return [d.name.on_disk() for d in held.record.deliveries if d.how != SKIPPED]


def _believed(held: Held) -> EndRecord:
    number = held.record.tried
    end = valid_end(held, number)
    if isinstance(end, str):
        raise SpoolError(f"{held.path}: can't be published: {end}")
    return end
