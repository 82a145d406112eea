"""``show``, ``retry``, ``cancel``, ``remove``, ``pause``, ``resume``, ``prune``: moves by hand."""

import fcntl
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import House, listed, typed
from tests.e2e.living import WAV, living, wait_for

Job = Callable[[str], str]


def test_show_tells_everything_of_a_done_job(house: House) -> None:
    """State, acceptance, outputs, what made it and each attempt must stand in `show`."""
    said = typed("show", house.done, spool=house.spool)
    assert said.code == 0
    for fact in (
        f"job: +{house.done}", "name: +ok.wav", "state: +done", "accepted: +yes",
        f"output: +{house.spool}/outbox/ok.txt", "made by: +tests.engines.slow echo on cpu",
        "attempt 1: +end", "  started: +20..-..-..",
    ):  # fmt: skip
        assert re.search(f"^{fact}", said.out, re.MULTILINE), fact


def test_show_tells_how_far_a_running_job_is(house: House) -> None:
    """Acceptance, progress and time left of a job at work must be those of this moment."""
    out = typed("show", house.running, spool=house.spool).out
    assert re.search("^accepted: +yes", out, re.MULTILINE)
    pattern = r"^progress: +\d+%, \d:\d\d:\d\d left, transcribing$"
    assert re.search(pattern, out, re.MULTILINE)
    assert re.search("^attempt 1: +running", out, re.MULTILINE)


def test_show_tells_why_a_job_failed(tmp_path: Path) -> None:
    """Each attempt with its reason, and the worker's last words, must stand in `show`."""
    spool = tmp_path / "spool"
    (spool / "inbox").mkdir(parents=True)
    (spool / "inbox/a.wav").write_bytes(WAV)
    env = {"RUNNER_ENGINE": "tests.engines.segfault", "RUNNER_MAX_ATTEMPTS": 2}
    assert typed("run", "--once", spool=spool, env=env).code == 1
    (job,) = listed(spool / "failed")
    said = typed("show", job, spool=spool).out
    assert re.search("^attempt 1: +crashed", said, re.MULTILINE)
    assert re.search("^attempt 2: +crashed", said, re.MULTILINE)
    assert "signal 11" in said
    assert re.search("^reason: .*[(]crashed[)]", said, re.MULTILINE)
    assert re.search("the worker's last words:\n  .*Fatal Python error", said, re.DOTALL)


def test_show_gives_the_record_to_programs(house: House) -> None:
    """`show --json` must be the record and its state."""
    shown = json.loads(typed("show", "--json", house.done, spool=house.spool).out)
    assert (shown["state"], shown["id"], shown["name"]["text"]) == ("done", house.done, "ok.wav")
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["end"]
    assert [delivery["name"]["text"] for delivery in shown["deliveries"]] == ["ok.txt", "ok.json"]
    assert json.loads(typed("show", "--json", house.bad, spool=house.spool).out)["end"] is None


def test_show_gives_warnings_to_programs(quiet: Path, job: Job) -> None:
    """`show --json` must have what the worker said of its results, as the text has it."""
    done = job("done")
    (path,) = (quiet / "done" / done).glob("attempt-*/result.json")
    said = {"warnings": ["a part was missing"], "partial": True, "language": "ko",
            "audio_seconds": 1.5}  # fmt: skip
    whole = json.loads(path.read_text())
    path.unlink()  # it is a link to another test's
    path.write_text(json.dumps({**whole, **said}))
    assert json.loads(typed("show", "--json", done, spool=quiet).out)["end"] == said
    assert "a part was missing" in typed("show", done, spool=quiet).out


def test_a_job_is_found_by_its_start_and_an_upload_by_its_id(tmp_path: Path) -> None:
    """The start of an id, where it is one job's alone, and an upload's id must find the job."""
    spool, upload = tmp_path / "spool", "0123456789abcdef" * 2
    (spool / "inbox").mkdir(parents=True)
    (spool / f"inbox/{upload}.a%20b.wav").write_bytes(WAV)
    assert typed("run", "--once", spool=spool).code == 0
    (job,) = listed(spool / "done")
    for text in (job, job[:8], job[:12].upper(), upload):
        said = typed("show", text, spool=spool)
        assert re.search(f"job: +{job}\nname: +a b.wav", said.out), text


@pytest.mark.parametrize("command", ["show", "retry", "cancel", "remove"])
def test_which_job_is_meant_must_be_clear(house: House, command: str) -> None:
    """No such job is exit 5, a start that several share exit 2, no id at all exit 2."""
    words = (("7" * 26,), (house.done[:5],), (), ("../../etc",))
    absent, ambiguous, none, strange = (typed(command, *ids, spool=house.spool) for ids in words)
    assert (absent.code, absent.sentence) == (5, f"there is no job {'7' * 26!r}")
    assert ambiguous.code == 2
    assert re.match(f"'{house.done[:5]}' means [45] jobs: ", ambiguous.sentence)
    assert (none.code, "see whisper-spool" in none.sentence) == (2, True)
    assert strange.code == 5


def test_what_is_in_the_wrong_state_is_not_moved(house: House) -> None:
    """Exit 1, and a sentence that says in which state the job is, for each wrong pair."""
    pairs = {
        ("retry", house.done): "is done",
        ("retry", house.running): "is running",
        ("remove", house.running): "is running; cancel it first",
        ("remove", house.again): "waiting for its next attempt; cancel it first",
        ("cancel", house.done): "is done already",
        ("cancel", house.bad): "is failed already",
        ("retry", house.damaged): "mend it there",
        ("remove", house.damaged): "mend it there",
    }
    for words, sentence in pairs.items():
        said = typed(*words, spool=house.spool)
        assert said.code == 1, words
        assert sentence in said.sentence
        assert said.sentence.startswith((words[1], f"{house.spool}/failed/{words[1]}"))


@pytest.mark.parametrize("command", ["retry", "remove"])
def test_a_job_in_other_hands_is_busy(quiet: Path, job: Job, command: str) -> None:
    """A lease that somebody holds must be exit 4 after a moment, and the job stays."""
    bad = job("failed")
    fd = os.open(quiet / "failed" / bad, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        said = typed(command, bad, spool=quiet)
    finally:
        os.close(fd)
    assert said.code == 4
    assert said.sentence.startswith(f"{bad}: somebody is at work on it")
    assert job("failed") == bad


def test_retry_without_a_runner_waits_for_one(quiet: Path, job: Job) -> None:
    """`retry` must move a failed job to deferred/, due now, with new attempts, and say when."""
    bad = job("failed")
    said = typed("retry", bad, spool=quiet)
    assert said.code == 0
    assert said.out == f"{bad}: bad.mp3 will be tried again (as soon as a runner is started)\n"
    assert job("deferred") == bad
    source = quiet / "deferred" / bad / "source"
    source.unlink()
    source.write_bytes(WAV)  # the operator has mended it
    assert typed("run", "--once", spool=quiet, env={"RUNNER_FORMATS": "txt"}).code == 0
    assert (quiet / "outbox/bad.txt").exists()
    assert not (quiet / "outbox/bad.mp3.failed.txt").exists()


def test_retry_needs_the_recording(quiet: Path, job: Job) -> None:
    """A job whose recording is gone can't be tried again: exit 1, and it stays failed."""
    bad = job("failed")
    (quiet / "failed" / bad / "source").unlink()
    said = typed("retry", bad, spool=quiet)
    assert said.code == 1
    assert "no longer kept" in said.sentence
    assert job("failed") == bad


def test_remove_forgets_the_job_and_keeps_the_results(quiet: Path, job: Job) -> None:
    """`remove` must take the job and a failure's notice away, and leave transcripts alone."""
    done, bad = job("done"), job("failed")
    said = typed("remove", done, bad, spool=quiet)
    assert (said.code, said.out.count("is forgotten")) == (0, 2)
    assert listed(quiet / "done") == listed(quiet / "failed") == []
    assert listed(quiet / "staging") == []
    left = {path.name for path in (quiet / "outbox").iterdir()}
    assert left == {"ok.txt", "ok.srt", "ok.vtt", "ok.json"}


def test_of_several_jobs_each_is_tried(quiet: Path, job: Job) -> None:
    """One that can't be moved must not keep the others; the first fault is the exit code."""
    done = job("done")
    said = typed("remove", "7" * 26, done, spool=quiet)
    assert said.code == 5
    assert f"{done}: ok.wav is forgotten" in said.out
    assert "there is no job" in said.err


def test_cancel_a_waiting_job_without_a_runner(quiet: Path, job: Job) -> None:
    """A deferred job that nobody holds must be buried as cancelled at once."""
    bad = job("failed")
    typed("retry", bad, spool=quiet)
    said = typed("cancel", bad, spool=quiet)
    assert (said.code, said.out) == (0, f"{bad}: cancelled\n")
    record = json.loads((quiet / "failed" / bad / "job.json").read_text())
    assert record["reason"]["code"] == "cancelled"


def test_cancel_a_file_in_the_inbox(quiet: Path) -> None:
    """A waiting file named by its path must go to failed/, recording and sidecar kept."""
    folder = quiet / "inbox/x"
    folder.mkdir()
    for name in ("a b.wav", "a b.wav.toml"):
        (folder / name).write_bytes(b"x")
    for words in (("cancel", folder / "a b.wav"), ("cancel", quiet / "job.json")):
        said = typed(*words, spool=quiet)
        if said.code == 5:
            assert "there is no job" in said.sentence  # what lies outside is not touched
            continue
        assert (said.code, "the recording is kept" in said.out) == (0, True)
        kept = quiet / "failed" / said.out[:26]
        assert {"source", "job.json", "sidecar.toml"} <= set(listed(kept))
        assert listed(folder) == []


def test_cancel_a_running_job(tmp_path: Path) -> None:
    """`cancel` must end a running attempt, wait for that, and exit 0."""
    with living(tmp_path / "spool", engine="tests.engines.hang") as runner:
        runner.drop("a.wav")
        wait_for("its start", lambda: (runner.status().get("running") or [{}])[0].get("pid"))
        (running,) = runner.jobs("active")
        said = typed("cancel", running, spool=runner.spool)
        assert (said.code, said.out) == (0, f"{running}: cancelled\n")
        assert runner.jobs("failed") == [running]


def test_pause_and_resume(quiet: Path) -> None:
    """Each must say what it changed, be harmless twice, and be seen in `status`."""
    first, again = typed("pause", spool=quiet), typed("pause", spool=quiet)
    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith("paused: nothing more is claimed")
    assert again.out == "paused already\n"
    assert "paused: nothing is claimed" in typed("status", spool=quiet).out
    assert typed("resume", spool=quiet).out.startswith("resumed")
    assert typed("resume", spool=quiet).out == "was not paused\n"
    assert "paused" not in typed("status", spool=quiet).out


def test_prune_says_first_what_it_then_does(quiet: Path, job: Job) -> None:
    """`--dry-run` must list and touch nothing; without it exactly that goes."""
    done, bad = job("done"), job("failed")
    env = {"RUNNER_KEEP_SOURCES_SECONDS": 0, "RUNNER_KEEP_REFUSED_SECONDS": 0}
    would = typed("prune", "--dry-run", spool=quiet, env=env)
    assert would.code == 0
    assert re.search(f"{done}  done  its recording  .*keep_sources_seconds", would.out)
    assert re.search(f"{bad}  failed  the job  .*keep_refused_seconds", would.out)
    assert "2 would go" in would.out
    assert (quiet / "done" / done / "source").exists()
    did = typed("prune", spool=quiet, env=env)
    assert did.out.replace("gone", "would go") == would.out
    assert not (quiet / "done" / done / "source").exists()
    assert listed(quiet / "failed") == []
    assert typed("prune", spool=quiet).out.startswith("0 gone")


def test_prune_does_not_trust_a_clock_that_was_changed(quiet: Path) -> None:
    """After doubt nothing may go until the operator says that the clock is right."""
    (quiet / "run/clock-doubted").touch()
    doubts = [path.name for path in (quiet / "run").iterdir() if "clock" in path.name]
    assert doubts
    env = {"RUNNER_KEEP_SOURCES_SECONDS": 0}
    said = typed("prune", spool=quiet, env=env)
    assert said.code == 1
    assert "--clock-is-right" in said.sentence
    assert "1 gone" in typed("prune", "--clock-is-right", spool=quiet, env=env).out


@pytest.mark.parametrize(
    "words",
    [("show", "x"), ("retry", "x"), ("cancel", "x"), ("remove", "x"), ("pause",), ("resume",),
     ("prune",), ("submit", __file__)],
    ids=lambda words: words[0],
)  # fmt: skip
def test_without_a_spool_each_says_so(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Each command that needs a spool must name the one it does not find, with exit 2."""
    said = typed(*words, spool=tmp_path / "nowhere")
    assert said.code == 2
    assert said.sentence.startswith(f"{tmp_path}/nowhere: there is no spool")
    assert listed(tmp_path) == []


def test_times_are_of_this_moment(house: House) -> None:
    """`status --json` must say when it looked, by the wall clock."""
    before = time.time()
    assert (
        before < json.loads(typed("status", "--json", spool=house.spool).out)["now"] < time.time()
    )
