"""Bury: a job becomes a dead letter, and its owner is told.

Purpose: ``bury``, which starts and also continues, after a stop anywhere.
Guarantees: reason and notice name are in the record before the notice is visible; the notice is
moved like a rendering, once; then the one rename to ``failed/``.
Diagnostics: ``SpoolError``; call it again when there is room.
"""

import hashlib
import os

from runner import durable
from runner.job.errors import SpoolError
from runner.job.record import Delivery, GivenName, JobRecord, Reason
from runner.job.states import Move, State
from runner.spool.attempts import MAX_LOG_TAIL
from runner.spool.delivery import PATIENCE
from runner.spool.faults import ours
from runner.spool.lease import Held
from runner.spool.names import notice_name
from runner.spool.notice import withdraw, words
from runner.spool.outbox import Folder, enter, free_number, make_readable, put
from runner.spool.plan import PublishLaw

DRAFT = "notice.txt"


def is_buried(record: JobRecord) -> bool:
    """Return whether the record says that its job goes to ``failed/``."""
    return record.reason is not None and record.finished_at is not None


def bury(held: Held, reason: Reason, law: PublishLaw, *, now: float, log_tail: str = "") -> None:
    """Move the job to ``failed/`` with ``reason``, and put a notice into the outbox."""
    if held.state is not State.FAILED:
        held.check(Move.BURY, State.FAILED)
        with ours(f"{held.path}: can't be buried"):
            if not is_buried(held.record):
                _plan(held, reason, law, now, log_tail)
            _deliver(held)
    held.shift(Move.BURY, State.FAILED)


def _plan(held: Held, reason: Reason, law: PublishLaw, now: float, log_tail: str) -> None:
    """Write the notice beside the record and store the intent."""
    withdraw(held)
    record, draft = held.record, held.path / DRAFT
    text = words(record, reason, now=now)
    durable.write_atomic(draft, text)
    with enter(held.layout, record.folder.on_disk()) as folder:
        notice = Delivery(
            rendering=DRAFT,
            name=GivenName.of(folder.full(_free_name(record, folder))),
            sha256=hashlib.sha256(text).hexdigest(),
            inode=make_readable(draft, folder, law.output_mode),
            how=law.how,
        )
    held.save(
        record.but(
            reason=reason, notice=notice, finished_at=now, suspect=False, relief="",
            deferred_at=None, delay=0.0, log_tail=log_tail[-MAX_LOG_TAIL:] or record.log_tail,
        )
    )  # fmt: skip


def _free_name(record: JobRecord, folder: Folder) -> str:
    name = record.name.on_disk()
    return notice_name(name, free_number(folder, lambda number: [notice_name(name, number)]))


def _deliver(held: Held) -> None:
    """Move the notice, unless that has been done."""
    draft = held.path / DRAFT
    for _ in range(PATIENCE):
        notice = held.record.notice
        if notice is None or not os.path.lexists(draft):
            return
        relative, _, name = notice.name.on_disk().rpartition("/")
        try:
            with enter(held.layout, relative) as folder:
                put(draft, folder, name, notice.how)
                durable.sync_dir(folder.fd)
        except FileExistsError:
            _rename_notice(held, notice, relative)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in durable.NO_NATIVE:
                raise
            held.save(held.record.but(notice=notice.model_copy(update={"how": "link"})))
    raise SpoolError(f"{held.path}: somebody keeps taking our names in the outbox")


def _rename_notice(held: Held, notice: Delivery, relative: str) -> None:
    with enter(held.layout, relative) as folder:
        name = GivenName.of(folder.full(_free_name(held.record, folder)))
    held.save(held.record.but(notice=notice.model_copy(update={"name": name})))
