"""Status file, health, metrics and the public page: what is seen of a runner from outside."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from runner.telemetry.health import Health, judge
from runner.telemetry.metrics import render, write_metrics
from runner.telemetry.public import PublicJob, public
from runner.telemetry.status import (
    ModelPull,
    Running,
    Snapshot,
    Totals,
    Troubled,
    WaitingFile,
    WatcherSeen,
    read_status,
    write_status,
)
from tests.e2e.living import Living, living, wait_for

NOW = 1_800_000_000.0
HOST_FACTS = {"pid", "path", "spool", "free_bytes", "host"}
NASTY = 'a\n"b"\\ 한국어 🎤.wav'


def snapshot(**but: Any) -> Snapshot:
    """A runner that is well at NOW, but for what is said."""
    facts: dict[str, Any] = {
        "runner": "runner", "pid": 4711, "version": "1", "started_at": NOW - 60,
        "heartbeat": NOW - 1,
    }  # fmt: skip
    return Snapshot(**{**facts, **but})


FULL = snapshot(
    runner='od"d\nname', state="braked", reasons=("one", "two"), notes=("note",), slots=2,
    watcher=WatcherSeen(mode="poll", healthy=False, why="why"), device="cpu", device_why="because",
    counts={"inbox": 3, "done": 7}, free_bytes=10, min_free_bytes=20, last_success_at=NOW,
    running=(Running(id="01j", name=NASTY, progress=0.5, eta_seconds=3.0, pid=99, phase="p"),),
    waiting=(WaitingFile(name=NASTY, why="ready"),), model_pull=ModelPull(model="m", percent=3.0),
    troubled=(Troubled(path="/x", sentence="s", cure="c", blocking=True),),
    totals=Totals(
        claimed=9, published=7, deferred=2, recovered=1, readmitted=2, templates_started=1,
        buried={"not_media": 1, 'od"d\n': 1}, attempts={"end": 7, "crashed": 3},
        workers_killed={"stalled": 1}, audio_seconds=12.5, work_seconds=3.25,
    ),
)  # fmt: skip


@pytest.mark.parametrize("said", [snapshot(), FULL], ids=["bare", "full"])
def test_what_is_written_is_read(tmp_path: Path, said: Snapshot) -> None:
    """A status file must give back the snapshot that was written, and be readable by others."""
    file = tmp_path / "status.json"
    write_status(file, said)
    assert read_status(file) == said
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    write_status(file, snapshot())
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_reader_forgives(tmp_path: Path) -> None:
    """Keys of another version are passed over; what is absent or damaged is None, no error."""
    file = tmp_path / "status.json"
    assert read_status(file) is None
    assert read_status(tmp_path) is None
    write_status(file, snapshot())
    facts = json.loads(file.read_text())
    file.write_text(json.dumps({**facts, "of_tomorrow": {"x": 1}}))
    assert read_status(file) == snapshot()
    for damage in ("", "{", "[]", '{"runner": 3}', json.dumps({**facts, "state": "dancing"})):
        file.write_text(damage)
        assert read_status(file) is None


# -- health -------------------------------------------------------------------------------------


def judged(said: Snapshot | None, **but: Any) -> Health:
    """The verdict at NOW on a runner whose lock is held, but for what is said."""
    return judge(said, **{"now": NOW, "stale_seconds": 10.0, "lock_held": True, **but})


BAD_KEY = Troubled(path="/in/x", sentence="bad key", cure="mend it", blocking=True)
Table = dict[str, tuple[Snapshot | None, dict[str, Any]]]
RED: Table = {
    "hangs: its last heartbeat is from 11 s ago": (snapshot(heartbeat=NOW - 11), {}),
    "from 60 s in the future": (snapshot(heartbeat=NOW + 60), {}),
    "no runner is running (the last one was process 4711)": (snapshot(), {"lock_held": False}),
    "no runner is running": (None, {"lock_held": False}),
    "it holds its lock but has no readable": (None, {}),
    "it has no readable status file": (None, {"lock_held": None}),
    "the last one stopped": (snapshot(state="stopped"), {"lock_held": None}),
    "the disk is full": (snapshot(reasons=("the disk is full",)), {}),
    "the engine can't work": (snapshot(state="braked"), {}),
    "the watcher of the inbox is dead": (snapshot(watcher=WatcherSeen(healthy=False)), {}),
    "/in/x: bad key (cure: mend it)": (
        snapshot(
            troubled=(Troubled(path="/in/x", sentence="bad key", cure="mend it", blocking=True),)
        ),
        {},
    ),
}
GREEN: Table = {
    "": (snapshot(), {}),
    "paused: nothing is claimed": (snapshot(state="paused"), {}),
    "the runner is draining": (snapshot(state="draining"), {}),
    "the runner is starting": (snapshot(state="starting"), {}),
    "the model m is being pulled": (snapshot(model_pull=ModelPull(model="m")), {}),
    "/in/y: closed": (snapshot(troubled=(Troubled(path="/in/y", sentence="closed"),)), {}),
    "a note": (snapshot(notes=("a note",)), {}),
}


@pytest.mark.parametrize("words", RED)
def test_red_and_why(words: str) -> None:
    """Each fault must make health red, alone, with its own sentence."""
    verdict = judged(RED[words][0], **RED[words][1])
    assert not verdict.ok
    assert len(verdict.reasons) == 1
    assert words in verdict.reasons[0]


@pytest.mark.parametrize("words", GREEN)
def test_green_with_a_word(words: str) -> None:
    """What is no fault must leave health green; what is worth a look is a warning."""
    verdict = judged(GREEN[words][0], **GREEN[words][1])
    assert verdict.ok
    assert verdict.reasons == ()
    assert len(verdict.warnings) == bool(words)
    assert words in "".join(verdict.warnings)


def test_a_slow_heartbeat_is_not_a_hang() -> None:
    """A runner that reports seldom on purpose must not be stale before two of its beats."""
    assert judged(snapshot(heartbeat=NOW - 50, heartbeat_seconds=30.0)).ok
    assert not judged(snapshot(heartbeat=NOW - 61, heartbeat_seconds=30.0)).ok


# -- metrics ------------------------------------------------------------------------------------


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Every sample of a metrics text, by Prometheus' own parser: name, runner, other label."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            labels = dict(sample.labels)
            runner = labels.pop("runner", "")
            name = sample.name.removeprefix("whisper_spool_")
            assert (name, runner, *labels.values()) not in found
            found[(name, runner, *labels.values())] = sample.value
    return found


def test_metrics_agree_with_the_status(tmp_path: Path) -> None:
    """Each counter and gauge must parse and have the value that the status has."""
    file = tmp_path / "metrics.prom"
    write_metrics(file, [FULL])
    seen = samples(file.read_text())
    me, totals = FULL.runner, FULL.totals
    for name in ("claimed", "published", "deferred", "recovered", "readmitted",
                 "templates_started", "audio_seconds", "work_seconds"):  # fmt: skip
        assert seen[f"{name}_total", me] == getattr(totals, name), name
    for name, label in (("buried", "reason"), ("attempts", "outcome"), ("workers_killed", "cause")):
        values = {key[2]: value for key, value in seen.items() if key[0] == f"{name}_total"}
        assert values == getattr(totals, name), label
    assert {key[2]: v for key, v in seen.items() if key[0] == "jobs"} == FULL.counts
    gauges = {"slots": 2, "running_jobs": 1, "paused": 0, "braked": 1, "complaints": 2,
              "troubled_entries": 1, "watcher_events": 0, "watcher_healthy": 0, "free_bytes": 10,
              "heartbeat_timestamp_seconds": FULL.heartbeat, "last_success_timestamp_seconds": NOW,
              "start_timestamp_seconds": FULL.started_at}  # fmt: skip
    assert {name: seen[name, me] for name in gauges} == gauges
    assert ("last_failure_timestamp_seconds", me) not in seen  # there was none


def test_metrics_of_two_runners_and_of_none() -> None:
    """Two runners must be told apart, and jobs, which both count, be counted once."""
    two = snapshot(runner="two", counts={"done": 8}, heartbeat=NOW)
    seen = samples(render([FULL, two]).decode())
    assert {key: value for key, value in seen.items() if key[0] == "jobs"} == {
        ("jobs", "", "done"): 8
    }
    assert seen["claimed_total", "two"] == 0
    assert seen["claimed_total", FULL.runner] == 9
    assert samples(render([]).decode()) == {}


# -- the public page ----------------------------------------------------------------------------


def leaks(value: object, at: str = "") -> list[str]:
    """Keys that name a process, a path or a host fact, wherever they are."""
    if isinstance(value, dict):
        bad = [f"{at}.{key}" for key in value if key in HOST_FACTS]
        return bad + [leak for key, inner in value.items() for leak in leaks(inner, f"{at}.{key}")]
    if isinstance(value, list | tuple):
        return [leak for inner in value for leak in leaks(inner, at)]
    return [at] if isinstance(value, str) and value.startswith("/") else []


def test_the_public_page_tells_no_secrets() -> None:
    """No path, no process, no fact of the host; a job's id, name, state and progress."""
    failed = PublicJob(id="01k", name="b.wav", state="failed", reason="no sound", folder="x")
    jobs = [PublicJob(id="01j", name="a.wav", state="active"), failed]
    page = public([FULL, snapshot(state="running")], jobs, now=NOW)
    assert leaks(page) == []
    assert page["state"] == "running"  # one at work is enough for a visitor
    newest, older = page["jobs"]
    assert newest == {
        "id": "01k",
        "name": "b.wav",
        "state": "failed",
        "reason": "no sound",
        "folder": "x",
    }
    assert (older["progress"], older["eta_seconds"], older["phase"]) == (0.5, 3.0, "p")
    json.dumps(page)


# -- a living runner ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A runner that has delivered one recording and refused another."""
    with living(tmp_path_factory.mktemp("telemetry") / "spool", formats="txt") as runner:
        runner.drop("good.wav")
        runner.drop("bad.mp3", b"words, no music")
        runner.delivered("good.txt", "bad.mp3.failed.txt")
        wait_for("both counted", lambda: runner.status().get("totals", {}).get("published")
                 and runner.status()["totals"].get("buried"))  # fmt: skip
        yield runner


def test_a_runner_s_metrics_are_its_status(worked: Living) -> None:
    """metrics.prom of a living runner must say what its status.json says."""

    def agree() -> bool:
        said = read_status(worked.spool / "run/runner/status.json")
        text = (worked.spool / "run/runner/metrics.prom").read_text()
        seen = samples(text)
        return said is not None and (
            seen["heartbeat_timestamp_seconds", "runner"] == pytest.approx(said.heartbeat)
            and seen["claimed_total", "runner"] == said.totals.claimed
            and seen["published_total", "runner"] == said.totals.published == 1
            and seen["buried_total", "runner", "not_media"] == said.totals.buried["not_media"] == 1
            and seen["jobs", "", "done"] == said.counts["done"] == 1
        )

    wait_for("agreement", agree)  # the two files are written one after the other


def test_a_runner_s_public_page_has_its_jobs_and_no_secrets(worked: Living) -> None:
    """run/public/status.json must list both jobs, and nothing of the machine."""
    page: dict[str, Any] = {}

    def both() -> bool:
        page.update(json.loads((worked.spool / "run/public/status.json").read_text()))
        return len(page["jobs"]) == 2 and all(
            job["state"] in {"done", "failed"} for job in page["jobs"]
        )

    wait_for("both jobs on the page", both)
    assert leaks(page) == []
    assert str(worked.spool) not in json.dumps(page)
    assert str(worked.status()["pid"]) not in json.dumps(page["jobs"])


def test_a_runner_s_log_tells_what_its_counters_count(worked: Living) -> None:
    """As many lines of an event as its counter says, each with the job's id."""
    lines = worked.log.read_text().splitlines()
    totals = worked.status()["totals"]
    for event in ("claimed", "published"):
        told = [line for line in lines if f" event={event} job=" in line]
        assert len(told) == totals[event]
    assert len([line for line in lines if " event=buried job=" in line]) == sum(
        totals["buried"].values()
    )
