"""The zoo, end to end: whatever an engine does, the runner stays and each job gets its verdict."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.e2e.living import WAV, wait_for
from tests.e2e.marked import HERD, Marked, children, marked, outcomes

pytestmark = needs.linux()
STALL = 1.5


@dataclass(frozen=True)
class Case:
    """A beast, and how its job must end. ``charged``: one entry for each attempt."""

    nature: str
    code: str = ""
    """The reason's code; none: delivered."""
    outcomes: tuple[str, ...] = ("end",)
    charged: tuple[bool, ...] = ()
    says: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "".join(c if c.isalnum() else "_" for c in self.nature) + ".wav"


def fatal(nature: str, says: str = "", code: str = "crashed", **options: Any) -> Case:
    """A beast that is tried twice and buried."""
    return Case(nature, code, (code, code), (True, True), says, options)


CASES = [
    # what ends a process
    fatal("abort", "SIGABRT"),
    fatal("segfault", "SIGSEGV"),
    fatal("sigbus", "SIGBUS"),
    fatal("kill_itself", "killed by another program or the system (SIGKILL)"),
    fatal("raise_error", "ValueError: a strange"),
    fatal("exit_early", "ended without a result (exit code 0)"),
    fatal("lying_end", "sha256"),
    fatal("hang_up", "exit code 75"),
    # what does not end
    fatal("hang", "no progress for 1.5 s", code="stalled"),
    fatal("hang_deaf", "no progress for 1.5 s", code="stalled"),
    fatal("stop_itself", "no progress for 1.5 s", code="stalled"),
    fatal("slow 60", "not done after its 0.5 s", code="overdue", job_timeout_seconds=0.5),
    # memory
    fatal("eat_memory", "MiB are allowed", code="over_memory"),
    fatal("memory_error cuda", "CUDA out of memory", code="over_memory"),
    fatal("memory_error python", "out of memory", code="over_memory"),
    Case("first memory_error foreign", "", ("over_memory", "end"), (False, True)),
    # our own fault
    Case("first spool_error ENOSPC", "", ("spool_error", "end"), (False, True)),
    Case("first spool_error EMFILE", "", ("spool_error", "end"), (False, True)),
    # the recording's
    Case("refuse", "no_audio", ("refused",), (True,), "no sound in it"),
    # after a valid END nothing matters
    Case("after_end segfault"),
    Case("after_end hang"),
    Case("after_end deaf"),
    # what is left behind, what is said
    Case("grandchildren"),
    fatal("grandchildren crash", "SIGABRT"),
    Case("flood"),
    Case("babble"),
    fatal("babble crash", "SIGABRT"),
    fatal("flood crash", "SIGABRT"),
    Case("first segfault", "", ("crashed", "end"), (True, True)),
]  # fmt: skip
NEIGHBOURS = [f"neighbour-{number}.wav" for number in range(len(CASES) // 3)]


@pytest.fixture(scope="module")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Marked, dict[str, Any]]]:
    """One daemon that has met every beast, with healthy recordings between them."""
    spool = tmp_path_factory.mktemp("zoo") / "spool"
    with marked(
        spool, engine=HERD, slots=6, stall_seconds=STALL, max_attempts=2, formats="txt,json",
        job_memory_bytes=96 * 1024**2,
    ) as runner:  # fmt: skip
        neighbours = iter(NEIGHBOURS)
        for number, case in enumerate(CASES):
            runner.meet(case.name, case.nature, **case.options)
            if number % 3 == 2:
                runner.meet(next(neighbours))
        names = [case.name for case in CASES] + NEIGHBOURS
        ends = runner.ended(*names, seconds=90)
        wait_for("only daemon and template", lambda: len(runner.processes()) == 2, 20)
        yield runner, ends


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.nature)
def test_each_beast_gets_its_verdict(herd: tuple[Marked, dict[str, Any]], case: Case) -> None:
    """Each job must end in the right state, with the right reason, attempts charged as due."""
    runner, ends = herd
    state, record = ends[case.name]
    attempts = record["attempts"]
    assert tuple(a["outcome"] for a in attempts) == case.outcomes
    assert tuple(a.get("charged", True) for a in attempts) == (case.charged or (True,))
    stem = case.name.removesuffix(".wav")
    if not case.code:
        assert state == "done"
        assert {f"{stem}.txt", f"{stem}.json"} <= runner.outputs()
        assert f"{case.name}.failed.txt" not in runner.outputs()
    else:
        assert (state, record["reason"]["code"]) == ("failed", case.code)
        assert case.says in record["reason"]["text"]
        notice = (runner.spool / "outbox" / f"{case.name}.failed.txt").read_text()
        assert case.says in notice
        assert f"{stem}.txt" not in runner.outputs()
        assert (runner.spool / state / record["id"] / "source").read_bytes() == WAV
    assert runner.free(state, record["id"])


def test_the_neighbours_are_not_disturbed(herd: tuple[Marked, dict[str, Any]]) -> None:
    """Healthy recordings among the beasts must be delivered by their first attempt."""
    _, ends = herd
    found = {name: [a["outcome"] for a in ends[name][1]["attempts"]] for name in NEIGHBOURS}
    assert found == {name: ["end"] for name in NEIGHBOURS}


def test_the_daemon_stays_and_nobody_is_left(herd: tuple[Marked, dict[str, Any]]) -> None:
    """One daemon and one template must have met all beasts; nobody else may live or be unreaped."""
    runner, _ = herd
    assert runner.process
    assert runner.process.poll() is None
    assert runner.status()["pid"] == runner.process.pid
    assert runner.status()["totals"]["templates_started"] == 1
    (template,) = runner.tree()
    assert runner.processes() == {runner.process.pid, template}
    wait_for("no child of the template", lambda: not children(template), 10)
    assert runner.jobs("active") == runner.jobs("deferred") == []


def test_what_was_ended_is_in_the_log(herd: tuple[Marked, dict[str, Any]]) -> None:
    """Every kill and every orphan must be in the log, and the log must have stayed short."""
    runner, _ = herd
    log = runner.log.read_text()
    kills = [line for line in log.splitlines() if "event=worker_killed" in line]
    for why in ("no progress for", "not done after", "MiB are allowed", "it lingered after"):
        assert any(why in line for line in kills), why
    assert "event=orphans_killed" in log
    assert len(log) < 200_000


def test_a_flood_s_first_and_last_words_are_kept(herd: tuple[Marked, dict[str, Any]]) -> None:
    """Of 160 MB that a failed job printed, beginning and end must be kept, and little more."""
    runner, _ = herd
    (notice,) = (runner.spool / "outbox").glob("flood_crash*.failed.txt")
    kept = [p.read_text() for p in (runner.spool / "failed").glob("*/job.json")]
    (tail,) = (text for text in kept if '"flood_crash.wav"' in text)
    assert "LAST WORDS" in tail
    assert len(tail) < 200_000
    assert notice.stat().st_size < 200_000


def braked(runner: Marked) -> bool:
    """Whether a runner says that it claims nothing because of a fault."""
    return runner.status().get("state") == "braked"


UNLOADABLE = {
    "cannot_load": "is not in",
    "crash_load": "these were its last words",
    "never_ready": "not ready within 1.5 s",
    "hang_fork": "the template does not answer",
    "threaded": "the engine runs 2 threads, forking would hang: set start_method = spawn",
}


def test_engines_that_can_not_be_had(tmp_path: Path) -> None:
    """No job may pay for an engine that can't be had; once mended the same daemon delivers."""
    with ExitStack() as stack:
        runners: dict[str, Marked] = {}
        for engine in UNLOADABLE:
            mend = tmp_path / f"{engine}.mend"
            settings = {"engine": f"tests.engines.{engine}", "model": mend, "stall_seconds": STALL}
            runners[engine] = stack.enter_context(marked(tmp_path / engine, **settings))
            runners[engine].meet("talk.wav")
        for engine, runner in runners.items():
            wait_for("a brake", partial(braked, runner))
            wait_for("the job back", partial(runner.jobs, "deferred"))
            assert "attempts" not in runner.record("deferred")
            assert UNLOADABLE[engine] in " ".join(runner.status()["reasons"])
            (tmp_path / f"{engine}.mend").touch()
        for runner in runners.values():
            state, record = runner.ended("talk.wav", seconds=30)["talk.wav"]
            assert state == "done"
            assert len(record["attempts"]) == 1
            assert runner.status()["pid"] == runner.process.pid  # type: ignore[union-attr]


def test_a_device_that_is_lost_stops_claims_and_charges_nobody(tmp_path: Path) -> None:
    """An engine that fails in mid-job must brake the runner; the job is refunded and delivered."""
    with marked(tmp_path / "spool", engine=HERD, formats="txt") as runner:
        runner.meet("talk.wav", "first lose_device")
        wait_for("the brake", partial(braked, runner))
        assert "fallen off the bus" in " ".join(runner.status()["reasons"])
        state, record = runner.ended("talk.wav")["talk.wav"]
        assert state == "done"
        assert outcomes(record) == [("engine_failed", False), ("end", True)]


def test_an_engine_that_fails_on_one_recording_buries_it(tmp_path: Path) -> None:
    """Once nobody pays and intake waits; then it counts as crashes, and the others go on."""
    spool = tmp_path / "spool"
    with marked(spool, engine=HERD, formats="txt", max_attempts=2) as runner:
        runner.meet("bad.wav", "lose_device")
        wait_for("the brake", partial(braked, runner))
        runner.meet("good.wav")
        ends = runner.ended("bad.wav", "good.wav")
        state, record = ends["bad.wav"]
        charged = [("engine_failed", False), ("engine_failed", True), ("engine_failed", True)]
        assert (state, outcomes(record)) == ("failed", charged)
        assert record["reason"]["code"] == "engine_failed"
        assert "fallen off the bus" in record["reason"]["text"]
        assert ends["good.wav"][0] == "done"
        wait_for("health", lambda: runner.status().get("pid") and not braked(runner))
