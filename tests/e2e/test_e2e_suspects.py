"""Who pays when the daemon dies: nobody, but for a file that kills it each time it runs alone."""

import signal
from pathlib import Path
from typing import Any

from tests.e2e.living import Living, living, wait_for

SLOW: dict[str, Any] = {"engine": "tests.engines.slow", "formats": "txt", "max_attempts": 2}


def running(runner: Living) -> set[str]:
    """The names of the recordings that are being worked on."""
    return {job["name"] for job in runner.status().get("running", []) if job.get("pid")}


def kill_while(runner: Living, *names: str) -> None:
    """SIGKILL the daemon once exactly these are being worked on."""
    wait_for(f"work on {names}", lambda: running(runner) == set(names))
    runner.stop(signal.SIGKILL)


def charges(record: dict[str, Any]) -> list[tuple[str, bool]]:
    """How each attempt ended and whether it was charged."""
    return [(a["outcome"], a.get("charged", True)) for a in record.get("attempts", [])]


def test_a_poison_file_stops_and_its_neighbours_never_pay(tmp_path: Path) -> None:
    """What kills the daemon alone is buried after ``max_attempts``; the innocent never pays."""
    spool = tmp_path / "spool"
    with living(spool, **SLOW) as runner:
        runner.drop_slow("poison.wav", 60)
        wait_for("work on it", lambda: running(runner) == {"poison.wav"})
        runner.drop_slow("good.wav", 3)
        kill_while(runner, "poison.wav", "good.wav")
    for _ in range(2):
        with living(spool, **SLOW) as runner:
            kill_while(runner, "poison.wav")
    with living(spool, **SLOW) as runner:
        runner.delivered("good.txt", "poison.wav.failed.txt")
        wait_for("done", lambda: runner.jobs("done"))
        assert charges(runner.record("done")) == [("interrupted", False), ("end", True)]
        buried = runner.record("failed")
        assert buried["reason"]["code"] == "poison"
        assert charges(buried) == [("interrupted", False), *[("interrupted", True)] * 2]


def test_a_neighbour_takes_over_from_a_dead_runner(tmp_path: Path) -> None:
    """When one of two runners is killed, the other must recover its job and deliver it once."""
    spool = tmp_path / "spool"
    with (
        living(spool, **SLOW | {"slots": 1}) as one,
        living(spool, **SLOW | {"slots": 1, "runner_name": "two"}) as two,
    ):
        (spool / "run/paused").touch()
        both = (one, two)
        wait_for("a pause", lambda: {r.status().get("state") for r in both} == {"paused"})
        (spool / "run/paused").unlink()
        one.drop_slow("a.wav", 2)
        one.drop_slow("b.wav", 2)
        wait_for("work on both", lambda: running(one) | running(two) == {"a.wav", "b.wav"})
        one.stop(signal.SIGKILL)
        two.delivered("a.txt", "b.txt")
        wait_for("done", lambda: len(two.jobs("done")) == 2)
        assert two.outputs() == {"a.txt", "b.txt"}
        assert two.process
        assert two.process.poll() is None


def test_a_stop_that_is_asked_twice_is_at_once(tmp_path: Path) -> None:
    """A second SIGTERM must interrupt the running job: deferred, uncharged, and done later."""
    spool = tmp_path / "spool"
    with living(spool, **SLOW) as runner:
        runner.drop_slow("talk.wav", 4)
        runner.working()
        assert runner.process
        runner.process.send_signal(signal.SIGTERM)
        wait_for("a drain", lambda: runner.status().get("state") == "draining")
        assert runner.stop() == 0
        assert charges(runner.record("deferred")) == [("interrupted", False)]
    with living(spool, **SLOW) as runner:
        runner.delivered("talk.txt")
