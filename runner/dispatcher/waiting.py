"""The jobs in ``deferred/``, as far as one needs to know them to choose the next.

Purpose: ``Waiting`` remembers id, due time and suspicion of each deferred job; the disk stays
the truth and ``refresh`` follows it (the command line's retry, other runners).
Guarantees: suspects first and oldest first; a job is due by wall clock, or when it has been seen
waiting for its whole delay on the monotonic clock, whatever the wall clock does.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from runner.dispatcher.clock import Moment
from runner.job.record import JobRecord


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is remembered of one deferred job. Wall seconds, seconds, monotonic seconds."""

    id: str
    deferred_at: float
    delay: float
    suspect: bool
    first_seen: float

    def due(self, now: Moment) -> bool:
        """Return whether the job may run again."""
        return (
            now.wall >= self.deferred_at + self.delay
            or now.wall < self.deferred_at
            or now.mono - self.first_seen >= self.delay
        )

    def due_at(self, now: Moment) -> float:
        """Return the monotonic instant at which it will be due at the latest."""
        by_wall = now.mono + self.deferred_at + self.delay - now.wall
        return min(by_wall, self.first_seen + self.delay)


class Waiting:
    """The deferred jobs, by id."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._tickets))

    def note(self, record: JobRecord, now: Moment) -> None:
        """Remember a job that stands in ``deferred/``."""
        self._tickets[record.id] = Ticket(
            id=record.id,
            deferred_at=record.deferred_at or 0.0,
            delay=record.delay,
            suspect=record.suspect,
            first_seen=now.mono,
        )

    def forget(self, job: str) -> None:
        """The job has left ``deferred/``."""
        self._tickets.pop(job, None)

    def refresh(
        self, ids: Iterable[str], read: Callable[[str], JobRecord | None], now: Moment
    ) -> None:
        """Follow the disk: learn what is new, forget what has gone."""
        standing = set(ids)
        for gone in self._tickets.keys() - standing:
            self.forget(gone)
        for new in standing - self._tickets.keys():
            record = read(new)
            if record is not None:
                self.note(record, now)

    def suspects(self) -> list[str]:
        """Return the suspects, oldest first."""
        return sorted(t.id for t in self._tickets.values() if t.suspect)

    def next_due(self, now: Moment) -> str | None:
        """Return the job that has been due longest, if any is due; suspects not among them."""
        due = [t for t in self._tickets.values() if not t.suspect and t.due(now)]
        return min(due, key=lambda t: (t.deferred_at + t.delay, t.id)).id if due else None

    def wakes_at(self, now: Moment) -> float | None:
        """Return the monotonic instant at which the next job will be due, if one waits."""
        return min((t.due_at(now) for t in self._tickets.values()), default=None)

    def due_within(self, seconds: float, now: Moment) -> bool:
        """Return whether any job will be due within ``seconds``."""
        wakes = self.wakes_at(now)
        return wakes is not None and wakes <= now.mono + seconds
