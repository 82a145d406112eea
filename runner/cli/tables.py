"""The tables of ``status``, for a terminal and for a pipe.

Purpose: ``sheet(view)``: runners, then what runs, waits, waits again, failed; empty parts left out.
Guarantees: strangers' names pass through ``screen.name``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from runner.cli.screen import duration, instant, name, size
from runner.job.states import State

if TYPE_CHECKING:
    from runner.cli.view import RunnerSeen, View
    from runner.job.record import JobRecord
    from runner.telemetry.status import Running, Snapshot

BAR = 12
FULL, EMPTY = "━", "─"
BAD, FAINT, HEAD = "red", "dim", "bold"
SHORT_ID = 26
UNKNOWN = "…"


def sheet(view: "View") -> RenderableType:
    """Return everything, one below the other."""
    return Group(*_parts(view))


def _parts(view: "View") -> Iterator[RenderableType]:
    yield from _runners(view)
    yield Text(_counts(view.counts), style=FAINT)
    if view.running:
        yield _running(view)
    if view.waiting:
        yield _waiting(view)
    if view.deferred:
        yield _deferred(view)
    if view.failed:
        yield _failed(view)
    yield from (Text(f"damaged: {sentence}", style=BAD) for sentence in view.damaged)


def _counts(counts: dict[str, int]) -> str:
    words = {"inbox": "waiting", "active": "running"}
    return ", ".join(f"{count} {words.get(state, state)}" for state, count in counts.items())


def _runners(view: "View") -> Iterator[RenderableType]:
    if view.paused:
        yield Text("paused: nothing is claimed until `whisper-spool resume`", style="yellow")
    living = [seen for seen in view.runners if seen.alive]
    if not living:
        yield Text(f"no runner is at work on {view.root}", style="yellow")
    for seen in living:
        yield Text(_runner_line(seen, view.now), style=HEAD)
        yield from (Text(f"  {reason}", style=BAD) for reason in seen.health.reasons)
        yield from (Text(f"  {warning}", style="yellow") for warning in seen.health.warnings)


def _runner_line(seen: "RunnerSeen", now: float) -> str:
    said = seen.snapshot
    if said is None:
        return f"{seen.name}: running, has not reported yet"
    up = duration(now - said.started_at)
    words = [f"{seen.name} (process {said.pid}): {said.state}, up {up}"]
    if said.model:
        words.append(f"{said.model} on {said.device or 'a device to be found'}{_why(said)}")
    words.append(f"{said.slots} slots" if said.slots != 1 else "1 slot")
    if said.watcher.mode == "poll":
        words.append("polling" + (f" ({said.watcher.why})" if said.watcher.why else ""))
    if said.free_bytes is not None:
        words.append(f"{size(said.free_bytes)} free")
    if said.model_pull:
        percent = said.model_pull.percent
        shown = "" if percent is None else f", {percent:.0f} %"
        words.append(f"pulling {said.model_pull.model}{shown}")
    return " · ".join(words)


def _why(said: "Snapshot") -> str:
    return f" ({said.device_why})" if said.device_why else ""


def _table(title: str, *columns: str | Column) -> Table:
    heads = (Column(c, overflow="fold") if isinstance(c, str) else c for c in columns)
    return Table(
        *heads, title=title, title_justify="left", title_style=HEAD, box=None, pad_edge=False
    )


def _id() -> Column:
    return Column("id", no_wrap=True, min_width=SHORT_ID)


def _number(title: str) -> Column:
    return Column(title, justify="right", no_wrap=True)


def _running(view: "View") -> Table:
    table = _table(
        "Running", "name", Column("progress", no_wrap=True), _number("left"), _number("audio"),
        _number("attempt"), "doing", _id(),
    )  # fmt: skip
    for job in view.running:
        left = UNKNOWN if job.eta_seconds is None else duration(job.eta_seconds)
        audio = UNKNOWN if job.audio_seconds is None else duration(job.audio_seconds)
        doing = f"{job.phase} {duration(job.elapsed_seconds)}" if job.elapsed_seconds else job.phase
        attempt = str(job.attempt) if job.attempt else "-"
        table.add_row(name(job.name), _bar(job), left, audio, attempt, name(doing), job.id)
    return table


def _bar(job: "Running") -> Text:
    share = min(max(job.progress, 0.0), 1.0)
    done = round(share * BAR)
    bar = Text(FULL * done, style="green")
    bar.append(EMPTY * (BAR - done), style=FAINT)
    return bar.append(f" {share:4.0%}")


def _waiting(view: "View") -> Table:
    table = _table(_of("Waiting", len(view.waiting), view.counts["inbox"]), "name", "why")
    for file in view.waiting:
        table.add_row(name(file.name), name(file.why))
    return table


def _deferred(view: "View") -> Table:
    title = _of("Waiting for another attempt", len(view.deferred), view.counts["deferred"])
    table = _table(title, "name", _number("due in"), _number("attempts"), "why", _id())
    for record in view.deferred:
        due = (record.deferred_at or 0.0) + record.delay - view.now
        table.add_row(
            name(_full_name(record)), "now" if due <= 0 else duration(due),
            str(len(record.attempts)), name(_last_reason(record)), record.id,
        )  # fmt: skip
    return table


def _failed(view: "View") -> Table:
    title = _of("Failed", len(view.failed), view.counts[State.FAILED.value])
    table = _table(title, "name", Column("when", no_wrap=True), "why", _id())
    for record in view.failed:
        why = name(_last_reason(record), BAD)
        table.add_row(name(_full_name(record)), instant(record.finished_at), why, record.id)
    return table


def _of(title: str, shown: int, count: int) -> str:
    return f"\n{title}" if shown >= count else f"\n{title} (the newest {shown} of {count})"


def _full_name(record: "JobRecord") -> str:
    return f"{record.folder.text}/{record.name.text}" if record.folder.text else record.name.text


def _last_reason(record: "JobRecord") -> str:
    if record.reason:
        return record.reason.text
    return record.attempts[-1].reason if record.attempts else ""
