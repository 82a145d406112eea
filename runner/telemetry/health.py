"""Health: a verdict on a runner from what it says and from what can be seen of it.

Purpose: ``judge(snapshot, now=…, stale_seconds=…, lock_held=…)``, pure.
Guarantees: green only if a runner holds its lock, its heartbeat is fresh and it complains of
nothing. A runner that hangs can't write, so it can't look well.
"""

from typing import NamedTuple

from runner.telemetry.status import Snapshot

PAUSED = "paused: nothing is claimed until `whisper-spool resume`"


class Health(NamedTuple):
    """``ok`` and the ``reasons`` why not; ``warnings`` change nothing but are worth a look."""

    ok: bool
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(
    snapshot: Snapshot | None,
    *,
    now: float,
    stale_seconds: float,
    lock_held: bool | None = None,
) -> Health:
    """Judge a runner at wall-clock ``now``.

    ``lock_held``: whether the runner's own lock is taken; None when nobody could look.
    """
    absent = _absence(snapshot, lock_held=lock_held)
    if snapshot is None or absent:
        return Health(ok=False, reasons=absent)
    reasons = (*_hang(snapshot, now, stale_seconds), *_complaints(snapshot))
    return Health(ok=not reasons, reasons=reasons, warnings=_warnings(snapshot))


def _absence(snapshot: Snapshot | None, *, lock_held: bool | None) -> tuple[str, ...]:
    if lock_held is False:
        last = f" (the last one was process {snapshot.pid})" if snapshot else ""
        return (f"no runner is running{last}",)
    if snapshot is None:
        held = "it holds its lock but has" if lock_held else "it has"
        return (f"the runner has not reported: {held} no readable status file",)
    if snapshot.state == "stopped" and lock_held is None:
        return ("no runner is running: the last one stopped",)
    return ()


def _hang(snapshot: Snapshot, now: float, stale_seconds: float) -> tuple[str, ...]:
    # A heartbeat from the future is stale too: after the clock went back a live runner
    # would have written a new one.
    age = now - snapshot.heartbeat
    if abs(age) <= max(stale_seconds, 2 * snapshot.heartbeat_seconds):
        return ()
    when = f"{age:.0f} s ago" if age > 0 else f"{-age:.0f} s in the future"
    return (f"the runner (process {snapshot.pid}) hangs: its last heartbeat is from {when}",)


def _complaints(snapshot: Snapshot) -> tuple[str, ...]:
    found = list(snapshot.reasons)
    if snapshot.state == "braked" and not found:
        found.append("the runner does not claim: the engine can't work")
    if not snapshot.watcher.healthy:
        found.append("the watcher of the inbox is dead; new files are found by scanning only")
    found += [_line(t.path, t.sentence, t.cure) for t in snapshot.troubled if t.blocking]
    return tuple(found)


def _warnings(snapshot: Snapshot) -> tuple[str, ...]:
    found = list(snapshot.notes)
    if snapshot.state == "paused":
        found.append(PAUSED)
    if snapshot.state in ("draining", "starting"):
        found.append(f"the runner is {snapshot.state}")
    if snapshot.model_pull:
        found.append(f"the model {snapshot.model_pull.model} is being pulled; files wait")
    found += [_line(t.path, t.sentence, t.cure) for t in snapshot.troubled if not t.blocking]
    return tuple(found)


def _line(path: str, sentence: str, cure: str) -> str:
    return f"{path}: {sentence}" + (f" (cure: {cure})" if cure else "")
