"""The heartbeat: what the runner says of itself.

Purpose: ``Report.beat`` writes ``run/NAME/status.json`` and ``metrics.prom``; the leader also
merges all runners' into ``run/public/status.json`` and ``run/metrics.prom``.
Guarantees: written from the same turn that does the work, so a hung runner stops reporting.
Limits: a report that can't be written is skipped; it is a hint, never a record.
"""

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import runner
from runner import durable, spool
from runner.dispatcher.brakes import Brakes
from runner.dispatcher.clock import Moment
from runner.dispatcher.showing import public_jobs, troubles_of, waiting_of
from runner.telemetry.metrics import METRICS_NAME, write_metrics
from runner.telemetry.public import public
from runner.telemetry.status import (
    READABLE,
    STATUS_NAME,
    Condition,
    ModelPull,
    Snapshot,
    WatcherSeen,
    read_status,
    write_status,
)  # fmt: skip

if TYPE_CHECKING:
    from runner.dispatcher.intake import Intake
    from runner.dispatcher.recovery import Recovery
    from runner.dispatcher.rooms import Rooms
    from runner.dispatcher.upkeep import Upkeep
    from runner.dispatcher.work import Work

MERGE_SECONDS = 2.0
NO_FAULTS = frozenset({"paused", "pull"})
"""Brakes that somebody wants, or that go by themselves."""


class Report:
    """Writes the status files."""

    def __init__(
        self, rooms: "Rooms", *, work: "Work", intake: "Intake", upkeep: "Upkeep",
        recovery: "Recovery", start: Moment,
    ) -> None:  # fmt: skip
        self._rooms = rooms
        self._work = work
        self._intake = intake
        self._upkeep = upkeep
        self._recovery = recovery
        self._start = start
        self._next = start.mono
        self._next_merge = start.mono
        self.pull: ModelPull | None = None

    @property
    def wakes_at(self) -> float:
        """The monotonic instant of the next heartbeat."""
        return self._next

    def beat(self, now: Moment, *, draining: bool) -> None:
        """Report if it is time."""
        if now.mono >= self._next:
            self._next = now.mono + self._rooms.settings.heartbeat_seconds
            self.write(now, "draining" if draining else condition_of(self._rooms.brakes, now))

    def write(self, now: Moment, condition: Condition) -> None:
        """Report now."""
        layout, settings = self._rooms.layout, self._rooms.settings
        snapshot = self._snapshot(now, condition)
        home = layout.run / settings.runner_name
        with suppress(OSError):
            write_status(home / STATUS_NAME, snapshot)
            write_metrics(home / METRICS_NAME, [snapshot])
        if self._upkeep.leads and now.mono >= self._next_merge:
            self._next_merge = now.mono + MERGE_SECONDS
            with suppress(OSError):
                self._write_merged(snapshot, now)

    def _write_merged(self, own: Snapshot, now: Moment) -> None:
        layout = self._rooms.layout
        others = (
            read_status(layout.run / name / STATUS_NAME)
            for name in spool.runners(layout)
            if name != own.runner and spool.runner_alive(layout, name)
        )
        snapshots = [own, *(other for other in others if other)]
        page = public(snapshots, public_jobs(layout), now=now.wall)
        data = json.dumps(page, ensure_ascii=False).encode()
        durable.write_hint(layout.public / STATUS_NAME, data, mode=READABLE)
        write_metrics(layout.run / METRICS_NAME, snapshots)

    def _reasons(self) -> tuple[str, ...]:
        pool = tuple(self._rooms.pool.complaints())
        brakes = self._rooms.brakes.reasons(but=NO_FAULTS)
        return (*brakes, *pool, *self._recovery.damaged)

    def _snapshot(self, now: Moment, condition: Condition) -> Snapshot:
        rooms, settings = self._rooms, self._rooms.settings
        scan = self._intake.scan
        counts = spool.counts(rooms.layout)
        counts["inbox"] = scan.waiting_total + len(scan.ready)
        placement = rooms.pool.placement
        return Snapshot(
            runner=settings.runner_name,
            pid=os.getpid(),
            version=runner.__version__,
            started_at=self._start.wall,
            heartbeat=now.wall,
            heartbeat_seconds=settings.heartbeat_seconds,
            state=condition,
            reasons=self._reasons(),
            watcher=WatcherSeen(
                mode=rooms.watcher.mode, healthy=rooms.watcher.healthy(now.mono),
                why=rooms.watcher.why,
            ),
            engine=settings.engine,
            model=placement.model if placement else settings.model,
            device=placement.device if placement else settings.device,
            device_why=placement.why if placement else "",
            slots=rooms.pool.slots,
            template=rooms.pool.template_state,
            counts=counts,
            running=tuple(run.shown(now) for run in self._work.runs if run.held),
            waiting=waiting_of(scan),
            troubled=troubles_of(scan),
            model_pull=self.pull,
            free_bytes=self._upkeep.free_bytes,
            min_free_bytes=settings.min_free_bytes,
            last_success_at=rooms.told.last_success_at,
            last_failure_at=rooms.told.last_failure_at,
            totals=rooms.told.totals(rooms.pool.templates_started),
        )  # fmt: skip


def condition_of(brakes: Brakes, now: Moment) -> Condition:
    """Return how the runner is; a brake that holds nothing any more is a reason only.

    But for the engine's: between two probes nothing is known to work.
    """
    if "engine" in brakes.names or brakes.holding(now.mono, but=NO_FAULTS):
        return "braked"
    return "paused" if "paused" in brakes.names else "running"
