"""Prune and sweep: what goes, when, how much at a time, and what never does."""

import os
from pathlib import Path

import pytest

from runner import spool
from runner.job.ids import new_id
from runner.job.record import Reason
from runner.job.states import State
from runner.spool.pruning import claimed_second
from tests.spool.world import NOW, World

DAY = 86400.0
LAW = spool.KeepLaw()
REFUSED = Reason(code="not_media", text="x")


def done(world: World, name: str = "talk.mp3") -> spool.Held:
    """Return a job that was delivered at NOW."""
    held = world.finished(name)
    spool.publish(held, world.law, now=NOW)
    held.close()
    return held


def failed(world: World, reason: Reason, *, begun: bool = False, text: str = "sound") -> spool.Held:
    """Return a job that was buried at NOW."""
    held = world.claim(text=text)
    if begun:
        world.begin(held)
    spool.bury(held, reason, world.law, now=NOW)
    held.close()
    return held


def whats(doomed: list[spool.Doomed]) -> list[tuple[str, str]]:
    """Return id and kind of what goes."""
    return [(one.id, one.what) for one in doomed]


def test_an_id_tells_when(world: World) -> None:
    """The order of ids is the order of claims."""
    assert claimed_second(new_id(NOW, 5)) == pytest.approx(NOW, abs=0.001)
    assert world.fresh_id() < world.fresh_id()


def test_sources_go_after_a_week_and_records_after_ninety_days(world: World) -> None:
    """Younger stays, the record outlives its source, and the result is untouched."""
    held = done(world)
    assert spool.prune(world.layout, LAW, now=NOW + 6.9 * DAY, budget=9) == []
    assert whats(spool.prune(world.layout, LAW, now=NOW + 7.1 * DAY, budget=9)) == [
        (held.id, "source")
    ]
    assert not held.source.exists()
    assert (held.path / "job.json").exists()
    assert spool.prune(world.layout, LAW, now=NOW + 8 * DAY, budget=9) == []
    assert whats(spool.prune(world.layout, LAW, now=NOW + 91 * DAY, budget=9)) == [(held.id, "job")]
    assert world.states() == {}
    assert len(world.outbox()) == 2


def test_a_clock_that_went_back_prunes_nothing(world: World) -> None:
    """What seems to come from the future is young."""
    done(world)
    assert spool.prune_plan(world.layout, LAW, now=NOW - 5000 * DAY) == []


def test_the_refused_go_by_age(world: World) -> None:
    """What was refused at intake goes after a week; what was decoded, or cancelled, is kept."""
    refused = failed(world, REFUSED)
    sniffed = failed(world, REFUSED, begun=True)
    failed(world, Reason(code="too_long", text="x"), begun=True)
    failed(world, Reason(code="crashed", text="x"), begun=True)
    failed(world, Reason(code="cancelled", text="x"))
    went = spool.prune(world.layout, LAW, now=NOW + 400 * DAY, budget=9)
    assert whats(went) == [(refused.id, "job"), (sniffed.id, "job")]
    assert len(world.states()) == 3


def test_the_refused_go_by_size_oldest_first(world: World) -> None:
    """When they are too much the oldest go until the rest is little enough."""
    jobs = [failed(world, REFUSED, text="x" * 100) for _ in range(4)]
    law = spool.KeepLaw(refused_bytes=250)
    assert whats(spool.prune_plan(world.layout, law, now=NOW)) == [
        (jobs[0].id, "job"), (jobs[1].id, "job"),
    ]  # fmt: skip


def test_a_plan_changes_nothing_and_a_budget_is_kept(world: World) -> None:
    """``--dry-run`` only looks; one turn takes a bounded amount."""
    for number in range(5):
        done(world, f"{number}.mp3")
    later = NOW + 100 * DAY
    assert len(spool.prune_plan(world.layout, LAW, now=later)) == 5
    assert len(world.states()) == 5
    assert len(spool.prune(world.layout, LAW, now=later, budget=2)) == 2
    assert len(world.states()) == 3


def test_a_busy_job_stays(world: World) -> None:
    """Nothing goes without its lease."""
    held = done(world)
    again = world.take(State.DONE, held.id)
    assert spool.prune(world.layout, LAW, now=NOW + 100 * DAY, budget=9) == []
    again.close()
    assert len(spool.prune(world.layout, LAW, now=NOW + 100 * DAY, budget=9)) == 1


def test_a_damaged_job_stays(world: World) -> None:
    """What can't be read can't be old."""
    held = done(world)
    (held.path / "job.json").write_text("?")
    assert spool.prune(world.layout, LAW, now=NOW + 100 * DAY, budget=9) == []
    assert held.source.exists()


def test_young_jobs_are_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With many jobs a turn must cost what the old ones cost."""
    for number in range(3):
        done(world, f"{number}.mp3")
    monkeypatch.setattr("runner.spool.pruning.read", lambda *_args: pytest.fail("read a young one"))
    assert spool.prune_plan(world.layout, LAW, now=NOW + 3 * DAY) == []


def test_a_sweep_takes_stale_uploads_and_leaves_fresh_ones(world: World) -> None:
    """By ctime: a client's mtime means nothing; nginx's folders stay."""
    stale = world.layout.staging / "1" / "02" / "upload"
    stale.parent.mkdir(parents=True)
    stale.write_text("half")
    born = stale.stat().st_ctime
    os.utime(stale, (1, 1))
    keep = DAY
    assert spool.sweep_staging(world.layout, now=born + keep - 9, keep_seconds=keep, budget=9) == 0
    assert spool.sweep_staging(world.layout, now=born + keep + 9, keep_seconds=keep, budget=9) == 1
    assert not stale.exists()
    assert stale.parent.is_dir()


def test_a_sweep_takes_trash_at_once_and_in_steps(world: World) -> None:
    """Trash has no age; a large one takes several turns."""
    trash = world.layout.staging / ".trash-x"
    trash.mkdir()
    for number in range(9):
        (trash / str(number)).touch()
    for _ in range(4):
        spool.sweep_staging(world.layout, now=NOW, keep_seconds=DAY, budget=4)
    assert not trash.exists()


def test_a_sweep_takes_drafts_in_run(world: World) -> None:
    """A status file that was cut off goes after a while; whole ones stay."""
    layout = world.layout
    for path in (layout.run / ".reserve.tmp-0", layout.public / ".status.json.tmp-1"):
        path.touch()
    (layout.public / "status.json").touch()
    born = (layout.public / "status.json").stat().st_ctime
    assert spool.sweep_staging(layout, now=born + 9, keep_seconds=DAY, budget=9) == 0
    assert spool.sweep_staging(layout, now=born + 99, keep_seconds=DAY, budget=9) == 2
    assert [p.name for p in layout.run.rglob("*") if p.is_file()] == ["status.json"]


def build(world: World) -> Path:
    """Return a directory as a claim leaves it that was cut off."""
    path = world.layout.building(world.fresh_id())
    path.mkdir()
    (path / "job.json").touch()
    return path


def test_a_sweep_leaves_a_build_that_is_young_or_leased(world: World) -> None:
    """Another runner may be building it this very moment."""
    from runner.spool.lease import lock  # noqa: PLC0415 - the inside

    path = build(world)
    born = path.stat().st_ctime
    spool.sweep_staging(world.layout, now=born + 5, keep_seconds=DAY, budget=9)
    assert path.exists()
    fd = os.open(path, os.O_RDONLY)
    assert lock(fd)
    spool.sweep_staging(world.layout, now=born + 500, keep_seconds=DAY, budget=9)
    assert path.exists()
    os.close(fd)
    spool.sweep_staging(world.layout, now=born + 500, keep_seconds=DAY, budget=9)
    assert not path.exists()


def test_a_sweep_never_takes_a_recording(world: World) -> None:
    """A build that holds a source is a job, wherever it stands."""
    path = build(world)
    (path / "source").write_text("sound")
    born = path.stat().st_ctime
    spool.sweep_staging(world.layout, now=born + 500, keep_seconds=DAY, budget=9)
    assert world.places_of("sound") == [f"active/{path.name[1:]}/source"]
