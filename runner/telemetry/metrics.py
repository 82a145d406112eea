"""Metrics: a text file for Prometheus' node_exporter (its textfile collector).

Purpose: ``write_metrics(path, snapshots)``; ``render(snapshots)`` for whoever serves it.
Guarantees: rebuilt from snapshots each time, so the file never disagrees with the status;
written by rename, not synced. Counters start at 0 with their runner, as Prometheus expects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from runner import durable
from runner.telemetry.status import READABLE, Snapshot, Totals

METRICS_NAME = "metrics.prom"

GAUGES: dict[str, tuple[str, Callable[[Snapshot], float | None]]] = {
    "heartbeat_timestamp_seconds": ("When the runner last reported.", lambda s: s.heartbeat),
    "start_timestamp_seconds": ("When the runner started.", lambda s: s.started_at),
    "slots": ("Jobs that may run at once.", lambda s: s.slots),
    "running_jobs": ("Jobs in a worker now.", lambda s: len(s.running)),
    "paused": ("1 while an operator's pause holds.", lambda s: s.state == "paused"),
    "braked": ("1 while the engine can't work.", lambda s: s.state == "braked"),
    "complaints": ("Reasons that make health red.", lambda s: len(s.reasons)),
    "troubled_entries": ("Inbox entries a person has to mend.", lambda s: len(s.troubled)),
    "watcher_events": ("1: events; 0: polling.", lambda s: s.watcher.mode == "events"),
    "watcher_healthy": ("1 while the watcher lives.", lambda s: s.watcher.healthy),
    "free_bytes": ("Free space of the spool.", lambda s: s.free_bytes),
    "last_success_timestamp_seconds": ("The last publication.", lambda s: s.last_success_at),
    "last_failure_timestamp_seconds": ("The last burial.", lambda s: s.last_failure_at),
}

COUNTERS: dict[str, tuple[str, Callable[[Totals], float]]] = {
    "claimed": ("Files claimed.", lambda t: t.claimed),
    "published": ("Jobs delivered.", lambda t: t.published),
    "deferred": ("Jobs put off.", lambda t: t.deferred),
    "recovered": ("Jobs recovered after a death.", lambda t: t.recovered),
    "readmitted": ("Put-off jobs taken up again.", lambda t: t.readmitted),
    "templates_started": ("Templates started.", lambda t: t.templates_started),
    "audio_seconds": ("Audio transcribed.", lambda t: t.audio_seconds),
    "work_seconds": ("Time workers took for it.", lambda t: t.work_seconds),
}

BY_LABEL: dict[str, tuple[str, str, Callable[[Totals], Mapping[str, int]]]] = {
    "buried": ("Jobs that failed for good.", "reason", lambda t: t.buried),
    "attempts": ("Attempts by how they ended.", "outcome", lambda t: t.attempts),
    "workers_killed": ("Workers killed.", "cause", lambda t: t.workers_killed),
}


class _Collector:
    """Turns snapshots into metric families; registered for one rendering only."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from self._counters()
        yield from self._labelled()
        yield self._jobs()

    def _gauges(self) -> Iterator[Metric]:
        for name, (text, value_of) in GAUGES.items():
            family = GaugeMetricFamily(f"whisper_spool_{name}", text, labels=["runner"])
            for snapshot in self._snapshots:
                value = value_of(snapshot)
                if value is not None:
                    family.add_metric([snapshot.runner], float(value))
            yield family

    def _counters(self) -> Iterator[Metric]:
        for name, (text, value_of) in COUNTERS.items():
            family = CounterMetricFamily(f"whisper_spool_{name}", text, labels=["runner"])
            for snapshot in self._snapshots:
                family.add_metric([snapshot.runner], float(value_of(snapshot.totals)))
            yield family

    def _labelled(self) -> Iterator[Metric]:
        for name, (text, label, values_of) in BY_LABEL.items():
            family = CounterMetricFamily(f"whisper_spool_{name}", text, labels=["runner", label])
            for snapshot in self._snapshots:
                for key, value in sorted(values_of(snapshot.totals).items()):
                    family.add_metric([snapshot.runner, key], float(value))
            yield family

    def _jobs(self) -> Metric:
        # One count, not one a runner: they all count the same folders.
        family = GaugeMetricFamily("whisper_spool_jobs", "Jobs by state.", labels=["state"])
        freshest = max(self._snapshots, key=lambda s: s.heartbeat, default=None)
        for state, count in sorted((freshest.counts if freshest else {}).items()):
            family.add_metric([state], float(count))
        return family


def render(snapshots: Sequence[Snapshot]) -> bytes:
    """Return the metrics of all ``snapshots`` in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(snapshots))
    return generate_latest(registry)


def write_metrics(path: Path, snapshots: Sequence[Snapshot]) -> None:
    """Replace the metrics file at ``path``."""
    durable.write_hint(path, render(snapshots), mode=READABLE)
