"""Bringing dead runners' jobs in order, and freeing leases that strays hold.

Purpose: ``Recovery.turn`` looks at ``active/`` for jobs whose lease is free (their runner died)
or held by nobody who should hold it.
Guarantees: only jobs whose lease could be taken are touched; a busy lease is looked at again. A
lease that stays busy for 5 s while its runner's own lock is free has stray holders: they are
ended and named in the log.
"""

from typing import TYPE_CHECKING

from runner import spool
from runner.dispatcher.clock import Moment
from runner.dispatcher.judge import law_of
from runner.job.errors import SpoolError
from runner.job.states import State
from runner.pool import end_strays

if TYPE_CHECKING:
    from runner.dispatcher.judge import Judge
    from runner.dispatcher.rooms import Rooms

STRAY_SECONDS = 5.0


class Recovery:
    """Looks after what other runners, and our own earlier lives, left in ``active/``."""

    def __init__(self, rooms: "Rooms", judge: "Judge") -> None:
        self._rooms = rooms
        self._judge = judge
        self._busy_since: dict[str, float] = {}
        self.damaged: tuple[str, ...] = ()

    def turn(self, ours: set[str], now: Moment) -> None:
        """Recover every job in ``active/`` that is not ``ours`` and whose lease is free."""
        layout = self._rooms.layout
        found = [job for job in spool.list_ids(layout, State.ACTIVE) if job not in ours]
        self._busy_since = {j: t for j, t in self._busy_since.items() if j in found}
        damaged: list[str] = []
        for job in found:
            got = spool.take(layout, State.ACTIVE, job)
            if isinstance(got, spool.Held):
                self._recover(got, now)
            elif isinstance(got, spool.Damaged) and not spool.discard_stillborn(layout, job):
                damaged.append(got.sentence)
            elif got is spool.BUSY:
                self._look_for_strays(job, now)
        self.damaged = tuple(damaged)

    def _recover(self, held: spool.Held, now: Moment) -> None:
        rooms = self._rooms
        law = law_of(held.record, rooms.settings)
        try:
            what = spool.recover(held, law=law, publish_law=rooms.publish_law, now=now.wall)
        except SpoolError as error:
            rooms.brakes.spool_failed(str(error), now.mono)
            return
        finally:
            held.close()
        rooms.told.recovered(held.record, str(what))
        if what.how is spool.Recovery.PUBLISHED:
            rooms.told.published(held.record, what.names, now)
        elif what.reason is not None:
            rooms.told.buried(held.record, what.reason, now)

    def _look_for_strays(self, job: str, now: Moment) -> None:
        layout = self._rooms.layout
        owner = spool.read(layout, State.ACTIVE, job)
        if isinstance(owner, spool.Damaged) or owner is None:
            return
        if owner.runner != self._rooms.settings.runner_name and spool.runner_alive(
            layout, owner.runner
        ):
            self._busy_since.pop(job, None)
            return
        since = self._busy_since.setdefault(job, now.mono)
        if now.mono - since >= STRAY_SECONDS and self._rooms.settings.linux_calls:
            ended = end_strays(spool.holders(layout, State.ACTIVE, job))
            for pid in ended:
                self._rooms.log.warning("stray_ended", job=job, pid=pid)
