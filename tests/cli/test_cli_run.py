"""``run`` and ``run --once``: how it ends, and what the settings do to it."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typed import begun, ended, listed, typed
from tests.e2e.living import WAV, Living, living, silence, wait_for


def delivered(record: dict[str, Any]) -> list[str]:
    """The outbox names in a record."""
    return [delivery["name"]["text"] for delivery in record["deliveries"]]


ONCE: dict[str, tuple[dict[str, object], int, Callable[[dict[str, Any]], bool]]] = {
    "max_attempts": (
        {"ENGINE": "tests.engines.segfault", "MAX_ATTEMPTS": 2}, 1,
        lambda record: len(record["attempts"]) == 2,
    ),
    "stall": (
        {"ENGINE": "tests.engines.hang", "STALL_SECONDS": 1.5, "MAX_ATTEMPTS": 1}, 1,
        lambda record: record["reason"]["code"] == "stalled",
    ),
    "max_audio": (
        {"MAX_AUDIO_SECONDS": 0.05}, 1, lambda record: record["reason"]["code"] == "too_long",
    ),
    "max_upload": (
        {"MAX_UPLOAD_BYTES": 100}, 1, lambda record: record["reason"]["code"] == "too_large",
    ),
    "retry": (
        {"ENGINE": "tests.engines.segfault", "RETRY_SECONDS": 300, "ONCE_WAIT_SECONDS": 1}, 3,
        lambda record: record["delay"] == 300,
    ),
    "worker_env": (
        {"ENGINE": "tests.cli.tells_environment", "WORKER_ENV_KEEP": "KEPT", "FORMATS": "txt"}, 0,
        lambda record: delivered(record) == ["talk.txt"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, Path]]:
    """Each kind of run on a spool of its own, a few at the same time: exit code and spool."""
    spools = {what: tmp_path_factory.mktemp(what) / "spool" for what in ONCE}
    for spool in spools.values():
        (spool / "inbox").mkdir(parents=True)
        (spool / "inbox/talk.wav").write_bytes(WAV)
    codes: dict[str, int] = {}
    names = list(ONCE)
    for some in (names[:3], names[3:]):
        running = {}
        for what in some:
            env = {f"RUNNER_{key}": value for key, value in ONCE[what][0].items()}
            secrets = {"KEPT": "yes", "SECRET": "no"}
            running[what] = begun("run", "--once", spool=spools[what], env=env | secrets)
        codes |= {what: ended(process).code for what, process in running.items()}
    return {what: (codes[what], spools[what]) for what in ONCE}


@pytest.mark.parametrize("what", ONCE)
def test_a_variable_does_what_it_says(once: dict[str, tuple[int, Path]], what: str) -> None:
    """A run under the variable must end with its exit code and leave the job as it should be."""
    code, spool = once[what]
    _, wanted, holds = ONCE[what]
    assert code == wanted
    (record,) = [json.loads(path.read_text()) for path in spool.glob("*/*/job.json")]
    assert holds(record), record
    if what == "worker_env":
        assert (spool / "outbox/talk.txt").read_text() == "KEPT=yes SECRET=None\n"


def test_once_with_nothing_to_do_ends_at_once(tmp_path: Path) -> None:
    """On an empty spool `run --once` must exit 0 and have made the spool."""
    assert typed("run", "--once", spool=tmp_path / "spool").code == 0
    assert (tmp_path / "spool/inbox").is_dir()


def test_once_waits_for_what_settles_and_for_what_is_due_soon(tmp_path: Path) -> None:
    """A file that settles, and a job due within once_wait_seconds, must be done before the end."""
    spool = tmp_path / "spool"
    (spool / "inbox").mkdir(parents=True)
    (spool / "inbox/talk.wav").write_bytes(WAV)
    env = {"RUNNER_ENGINE": "tests.engines.flaky", "RUNNER_RETRY_SECONDS": 1, "HOME": tmp_path,
           "RUNNER_SETTLE_SECONDS": 0.5, "RUNNER_FORMATS": "txt"}  # fmt: skip
    assert typed("run", "--once", spool=spool, env=env).code == 0
    assert listed(spool / "outbox") == ["talk.txt"]


def test_once_that_can_not_work_leaves_it_for_later(tmp_path: Path) -> None:
    """Under a pause, and with an engine that can't load, it must end with 3 and lose nothing."""
    for name, env in (("paused", {}), ("engine", {"RUNNER_ENGINE": "tests.engines.cannot_load"})):
        spool = tmp_path / name
        (spool / "inbox").mkdir(parents=True)
        (spool / "run").mkdir()
        (spool / "inbox/talk.wav").write_bytes(WAV)
        if name == "paused":
            (spool / "run/paused").touch()
        said = typed("run", "--once", spool=spool, env=env)
        assert said.code == 3
        assert re.search(f"event=braked by={name} reason=.", said.out)
        assert listed(spool / "failed") == listed(spool / "outbox") == []
        kept = [*spool.glob("inbox/talk.wav"), *spool.glob("deferred/*/source")]
        assert [path.read_bytes() for path in kept] == [WAV]


def test_a_second_runner_of_the_name_is_busy(tmp_path: Path) -> None:
    """`run` beside a runner of that name must exit 4; under another name it may work."""
    spool = tmp_path / "spool"
    first = begun("run", spool=spool)
    try:
        wait_for("the first", (spool / "run/runner/status.json").exists)
        second = typed("run", "--once", spool=spool)
        assert second.code == 4
        assert "a runner named 'runner' is already at work" in second.out
        assert typed("run", "--once", "--name", "two", spool=spool).code == 0
    finally:
        first.terminate()
        assert ended(first).code == 0


def test_ctrl_c_drains(tmp_path: Path) -> None:
    """Ctrl-C of `run` in mid-job must deliver, and exit 0."""
    spool = tmp_path / "spool"
    (spool / "inbox").mkdir(parents=True)
    (spool / "inbox/talk.wav").write_bytes(silence(0.2))
    process = begun("run", spool=spool, env={"RUNNER_ENGINE": "tests.engines.slow",
                                             "RUNNER_FORMATS": "txt"})  # fmt: skip
    wait_for("an attempt", lambda: list(spool.glob("active/*/attempt-1")))
    process.send_signal(2)
    assert ended(process).code == 0
    assert listed(spool / "outbox") == ["talk.txt"]


def at_work(runner: Living) -> bool:
    """Whether a worker has an order."""
    return bool(runner.status().get("running") and runner.status()["running"][0].get("pid"))


def test_asked_twice_it_stops_at_once(tmp_path: Path) -> None:
    """The first Ctrl-C must wait for the job, the second interrupt it, uncharged; HUP nothing."""
    with living(tmp_path / "spool", engine="tests.engines.hang", drain_seconds=100) as runner:
        assert runner.process
        runner.process.send_signal(signal.SIGHUP)
        runner.drop("talk.wav")
        wait_for("a running job", lambda: at_work(runner))
        runner.process.send_signal(signal.SIGINT)
        wait_for("a drain", lambda: runner.status().get("state") == "draining")
        assert runner.process.poll() is None
        assert runner.stop(signal.SIGINT, seconds=10) == 0
        attempts = runner.record("deferred")["attempts"]
        assert [(a["outcome"], a["charged"]) for a in attempts] == [("interrupted", False)]
