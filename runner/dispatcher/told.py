"""What observers are told: one log line and one count for each thing that happened.

Purpose: ``Told``, the dispatcher's only way to log a job's fate, so that log and metrics can't
disagree.
"""

from collections import Counter
from collections.abc import Sequence

from runner.dispatcher.clock import Moment
from runner.job.outcomes import Outcome
from runner.job.record import JobRecord, Reason
from runner.pool import Killed, Noted
from runner.telemetry.log import Log
from runner.telemetry.status import Totals


class Told:
    """Counts since start, and the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._counts: Counter[str] = Counter()
        self._buried: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._killed: Counter[str] = Counter()
        self._audio_seconds = 0.0
        self._work_seconds = 0.0
        self.last_success_at: float | None = None
        self.last_failure_at: float | None = None

    @property
    def any_buried(self) -> bool:
        """Whether any job failed for good since the start."""
        return bool(self._buried)

    def claimed(self, record: JobRecord) -> None:
        """The rename that made a file ours is done."""
        self._counts["claimed"] += 1
        folder = {"folder": record.folder.text} if record.folder.text else {}
        self._log.info("claimed", job=record.id, name=record.name.text, size=record.size, **folder)

    def started(self, record: JobRecord, how: str, device: str) -> None:
        """An attempt has begun."""
        number = record.attempts[-1].number
        self._log.info("started", job=record.id, attempt=number, how=how, device=device)

    def published(self, record: JobRecord, names: Sequence[str], now: Moment) -> None:
        """A transcript is in the outbox."""
        self._counts["published"] += 1
        self.last_success_at = now.wall
        attempt = record.attempts[-1].number if record.attempts else None
        self._log.info("published", job=record.id, attempt=attempt, outputs=list(names))

    def deferred(self, record: JobRecord, outcome: Outcome, now: Moment) -> None:
        """A job waits for its next attempt."""
        del now
        self._counts["deferred"] += 1
        self._log.warning(
            "deferred", job=record.id, outcome=outcome.kind.value, reason=outcome.reason,
            delay_seconds=record.delay, charged=record.charged,
        )  # fmt: skip

    def buried(self, record: JobRecord, reason: Reason, now: Moment) -> None:
        """A job failed for good."""
        self._buried[reason.code] += 1
        self.last_failure_at = now.wall
        self._log.error("buried", job=record.id, code=reason.code, reason=reason.text)

    def lost(self, record: JobRecord) -> None:
        """A job's directory was removed by somebody while we held it."""
        self._buried["vanished"] += 1
        self._log.error("vanished", job=record.id, name=record.name.text, reason="removed by hand")

    def recovered(self, record: JobRecord, what: str) -> None:
        """A job of a dead runner was brought in order."""
        self._counts["recovered"] += 1
        self._log.warning("recovered", job=record.id, moved=what, last_runner=record.runner)

    def readmitted(self, record: JobRecord) -> None:
        """A deferred job is active again."""
        self._counts["readmitted"] += 1
        self._log.info("readmitted", job=record.id, charged=record.charged)

    def ended(self, outcome: Outcome, audio_seconds: float | None) -> None:
        """An attempt is over, however."""
        self._attempts[outcome.kind.value] += 1
        self._work_seconds += outcome.wall_seconds
        self._audio_seconds += audio_seconds or 0.0

    def killed(self, job: str, kill: Killed) -> None:
        """A worker was sent a signal that ends it."""
        self._killed[kill.signal] += 1
        self._log.warning("worker_killed", job=job, signal=kill.signal, reason=kill.why)

    def noted(self, note: Noted) -> None:
        """Something happened to the pool itself, not to a job."""
        getattr(self._log, note.level)(note.word, **note.facts)

    def totals(self, templates_started: int) -> Totals:
        """Return the counts as the status file has them."""
        counts = {
            key: self._counts[key]
            for key in ("claimed", "published", "deferred", "recovered", "readmitted")
        }
        return Totals(
            **counts,
            buried=dict(self._buried),
            attempts=dict(self._attempts),
            workers_killed=dict(self._killed),
            templates_started=templates_started,
            audio_seconds=self._audio_seconds,
            work_seconds=self._work_seconds,
        )
