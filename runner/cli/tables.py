"""The tables of ``status``, for a terminal of 80 columns and for a pipe.

Purpose: ``sheet(view)``: runners, then what runs, waits, waits again, failed; empty parts left out.
``screenful`` is as much of it, from the top, as a terminal shows: no heading without a row.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from runner.cli.screen import duration, instant, name, size
from runner.telemetry.health import PAUSED

BAD, FAINT, HEAD, WORTH_A_LOOK = "red", "dim", "bold", "yellow"
COUNTED = {"inbox": "waiting", "active": "running"}
UNBROKEN = {"id", "left", "due in"}
BAR, NAME = 10, 10
"""Widths, in characters: of a bar, and of a name at least."""
LEAST = 4
"""Lines: an empty one, a heading, the columns' heads, a row."""
Thing = Mapping[str, Any]
Row = Mapping[str, RenderableType]


def sheet(view: Thing) -> RenderableType:
    """Return everything, one below the other."""
    return Group(*_parts(view))


def screenful(view: Thing, console: Console) -> RenderableType:
    """Return the parts that a screen has room for, the last of them perhaps cut."""
    kept, left = [], console.height
    for part in _parts(view):
        if left < (LEAST if isinstance(part, Group) else 1):
            break
        kept.append(part)
        left -= len(console.render_lines(part))
    return Group(*kept)


def _parts(view: Thing) -> Iterator[RenderableType]:
    yield from _runners(view)
    counts = (f"{count} {COUNTED.get(state, state)}" for state, count in view["counts"].items())
    yield Text(", ".join(counts), style=FAINT)

    def waits_again(job: Thing) -> Row:
        left = (job["due_at"] or 0.0) - view["now"]
        due = duration(left) if left > 0 else "now"
        return {"name": _name(job), "due in": due, "why": name(job["reason"]), "id": job["id"]}

    yield from _table(view, "Running", "running", "active", _running)
    yield from _table(view, "Waiting", "waiting", "inbox", _waiting)
    yield from _table(view, "Waiting for another attempt", "deferred", "deferred", waits_again)
    yield from _table(view, "Failed", "failed", "failed", _failed)
    yield from (Text(f"damaged: {sentence}", style=BAD) for sentence in view["damaged"])


def _table(
    view: Thing, title: str, what: str, state: str, row: Callable[[Thing], Row]
) -> Iterator[RenderableType]:
    """Yield a heading and a table whose columns are the rows' keys; nothing without rows."""
    rows = [row(thing) for thing in view[what]]
    if not rows:
        return
    count = view["counts"][state]
    some = "" if len(rows) >= count else f" ({len(rows)} of {count})"
    # Names and ids are what one copies: they are folded, never cut.
    columns = (Column(head, overflow="fold", no_wrap=head in UNBROKEN) for head in rows[0])
    table = Table(*columns, box=None, pad_edge=False, header_style=FAINT)
    table.columns[0].min_width = NAME
    for cells in rows:
        table.add_row(*cells.values())
    yield Group(Text(f"\n{title}{some}", style=HEAD), table)


def _running(job: Thing) -> Row:
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(1.0, job["progress"], width=BAR), f"{job['progress']:4.0%}")
    left = "…" if job["eta_seconds"] is None else duration(job["eta_seconds"])
    again = f"attempt {job['attempt']}, " if job["attempt"] > 1 else ""
    doing = name(f"{again}{job['phase']}")
    return {
        "name": _name(job),
        "progress": bar,
        "left": left,
        "doing": doing,
        "id": job["id"],
    }


def _waiting(file: Thing) -> Row:
    return {"name": name(file["name"]), "why": name(file["why"])}


def _failed(job: Thing) -> Row:
    why, when = name(job["reason"], BAD), instant(job["finished_at"])
    return {"name": _name(job), "when": when, "why": why, "id": job["id"]}


def _name(job: Thing) -> Text:
    return name("/".join(filter(None, (job["folder"], job["name"]))))


def _runners(view: Thing) -> Iterator[Text]:
    if view["paused"]:
        yield Text(PAUSED, style=WORTH_A_LOOK)
    living = [runner for runner in view["runners"] if runner["alive"]]
    if not living:
        yield Text(f"no runner is at work on {view['spool']}", style=WORTH_A_LOOK)
    for runner in living:
        facts = _facts(runner["status"], view["now"]) if runner["status"] else ("not heard of yet",)
        yield name(f"{runner['name']} {' · '.join(facts)}", HEAD)
        yield from (name(f"  {reason}", BAD) for reason in runner["reasons"])
        warnings = (warning for warning in runner["warnings"] if warning != PAUSED)  # said above
        yield from (name(f"  {warning}", WORTH_A_LOOK) for warning in warnings)


def _facts(said: Thing, now: float) -> Iterator[str]:
    yield f"(process {said['pid']}): {said['state']}, up {duration(now - said['started_at'])}"
    why = f" ({said['device_why']})" if said["device_why"] else ""
    yield f"{said['model']} on {said['device'] or 'a device to be found'}{why}"
    yield f"{said['slots']} slot" + ("" if said["slots"] == 1 else "s")
    if said["watcher"]["mode"] == "poll":
        yield f"polling ({said['watcher']['why']})"
    if said["free_bytes"] is not None:
        yield f"{size(said['free_bytes'])} free"
    if said["model_pull"] and said["model_pull"]["percent"] is not None:
        yield f"pulling {said['model_pull']['model']}, {said['model_pull']['percent']:.0f} %"
