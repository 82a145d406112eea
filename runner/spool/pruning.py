"""Prune: forget what is old, by age and by size.

Purpose: ``prune_plan`` says what would go, ``prune`` lets it go, a bounded amount at a time.
Guarantees: each thing goes under its job's lease, and only if it is still what the plan saw.
The order of ids is the order of claims, so that young jobs are not even read. Failures of
recordings that could be decoded are kept for ever.
Limits: ages come from the wall clock: a caller who doubts it must not call.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Self

from runner import durable
from runner.config import Settings
from runner.job.ids import ALPHABET
from runner.job.outcomes import Refusal
from runner.job.record import JobRecord
from runner.job.states import State
from runner.spool.faults import ours
from runner.spool.layout import SOURCE, Layout
from runner.spool.lease import Held, take
from runner.spool.query import list_ids, read
from runner.spool.removal import remove

_REFUSALS = frozenset(refusal.value for refusal in Refusal)
_TIME_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class KeepLaw:
    """How long what is kept. Seconds and bytes."""

    sources_seconds: float = 7 * 86400.0
    records_seconds: float = 90 * 86400.0
    refused_seconds: float = 7 * 86400.0
    refused_bytes: int = 5 * 1024**3

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the law of the settings."""
        return cls(
            sources_seconds=settings.keep_sources_seconds,
            records_seconds=settings.keep_records_seconds,
            refused_seconds=settings.keep_refused_seconds,
            refused_bytes=settings.keep_refused_bytes,
        )


keep_law = KeepLaw.of


@dataclass(frozen=True)
class Doomed:
    """Something that prune lets go: a whole ``job``, or only its ``source``."""

    id: str
    state: State
    what: str
    size: int
    why: str


def claimed_second(job: str) -> float:
    """Return the wall-clock second in an id."""
    number = 0
    for digit in job[:_TIME_DIGITS]:
        number = number * 32 + ALPHABET.index(digit)
    return number / 1000


def prune_plan(
    layout: Layout, law: KeepLaw, *, now: float, limit: int | None = None
) -> list[Doomed]:
    """Return what would go now, oldest first, at most ``limit`` of it."""

    def everything() -> Iterator[Doomed]:
        yield from _old_done(layout, law, now)
        yield from _refused(layout, law, now)

    return list(islice(everything(), limit))


def _old_done(layout: Layout, law: KeepLaw, now: float) -> Iterator[Doomed]:
    shortest = min(law.sources_seconds, law.records_seconds)
    for job in list_ids(layout, State.DONE):
        age_at_most = now - claimed_second(job)
        if age_at_most < shortest:
            return
        size = _size(layout, State.DONE, job)
        if age_at_most < law.records_seconds and size is None:
            continue
        record = read(layout, State.DONE, job)
        if not isinstance(record, JobRecord):
            continue
        age = now - (record.finished_at or record.claimed_at)
        if age >= law.records_seconds:
            yield Doomed(job, State.DONE, "job", size or 0, "older than keep_records_seconds")
        elif age >= law.sources_seconds and size is not None:
            yield Doomed(job, State.DONE, SOURCE, size, "older than keep_sources_seconds")


def _size(layout: Layout, state: State, job: str) -> int | None:
    try:
        return os.lstat(layout.job_dir(state, job) / SOURCE).st_size
    except OSError:
        return None


def _is_refused(record: JobRecord) -> bool:
    """Return whether the recording was refused for what it is, and never decoded."""
    code = record.reason.code if record.reason else ""
    return code == Refusal.NOT_MEDIA or (not record.attempts and code in _REFUSALS)


def _refused(layout: Layout, law: KeepLaw, now: float) -> Iterator[Doomed]:
    """Yield the refused that are too old, then the oldest of those that are too much."""
    kept: list[tuple[str, int]] = []
    for job in list_ids(layout, State.FAILED):
        record = read(layout, State.FAILED, job)
        if not isinstance(record, JobRecord) or not _is_refused(record):
            continue
        size = _size(layout, State.FAILED, job) or 0
        if now - (record.finished_at or record.claimed_at) >= law.refused_seconds:
            yield Doomed(job, State.FAILED, "job", size, "older than keep_refused_seconds")
        else:
            kept.append((job, size))
    total = sum(size for _, size in kept)
    for job, size in kept:
        if total <= law.refused_bytes:
            return
        total -= size
        yield Doomed(job, State.FAILED, "job", size, "more than keep_refused_bytes")


def prune(layout: Layout, law: KeepLaw, *, now: float, budget: int) -> list[Doomed]:
    """Let at most ``budget`` things go; return them."""
    return carry_out(layout, prune_plan(layout, law, now=now, limit=budget))


def carry_out(layout: Layout, plan: Iterable[Doomed]) -> list[Doomed]:
    """Let go what is planned; what is busy or has moved since stays."""
    return [doomed for doomed in plan if _let_go(layout, doomed)]


def _let_go(layout: Layout, doomed: Doomed) -> bool:
    held = take(layout, doomed.state, doomed.id)
    if not isinstance(held, Held):
        return False
    if doomed.what == "job":
        remove(held)
        return True
    with held, ours(f"{held.source}: can't be removed"), suppress(FileNotFoundError):
        durable.unlink(held.source)
        return True
    return False
