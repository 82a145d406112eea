"""The whole runner, end to end, with engines that cost nothing."""

import os
import signal
from pathlib import Path

import pytest

from tests import needs
from tests.e2e import unprivileged
from tests.e2e.living import WAV, Living, living, running, wait_for


def test_a_dropped_file_becomes_a_transcript(tmp_path: Path) -> None:
    """A file renamed into the inbox must come out in every format, and its job must be done."""
    with living(tmp_path / "spool") as runner:
        runner.drop("talk.wav", folder="meetings")
        wanted = {f"meetings/talk.{form}" for form in ("srt", "vtt", "txt", "json")}
        runner.delivered(*wanted)
        wait_for("done", lambda: runner.jobs("done"))
        record = runner.record("done")
        assert record["name"]["text"] == "talk.wav"
        assert record["folder"]["text"] == "meetings"
        assert [a["outcome"] for a in record["attempts"]] == ["end"]
        assert not list((runner.spool / "inbox/meetings").iterdir())
        assert runner.jobs("active") == runner.jobs("failed") == []
    log = runner.log.read_text()
    positions = [log.index(f"event={word} ") for word in ("claimed", "started", "published")]
    assert positions == sorted(positions)


def test_two_names_with_one_stem_do_not_overwrite(tmp_path: Path) -> None:
    """``a.wav`` and ``a.mp3`` must end as two transcripts, numbered."""
    with living(tmp_path / "spool", formats="json") as runner:
        runner.drop("a.wav")
        runner.drop("a.mp3")
        runner.delivered("a.json", "a-2.json")


@pytest.mark.parametrize(
    "name",
    ["한국어 녹음.wav", "تسجيل.wav", "🎤🎶.wav", "source", "-rf.wav", "a\nb.wav", "%s.wav"],
)
def test_names_of_the_world(tmp_path: Path, name: str) -> None:
    """Any name a person gives must come back as the name of the transcript."""
    with living(tmp_path / "spool", formats="txt") as runner:
        runner.drop(name)
        wait_for("the transcript", runner.outputs)
        stem = name.removesuffix(".wav")
        assert runner.outputs() == {f"{stem}.txt"}


def test_stop_in_mid_job_delivers(tmp_path: Path) -> None:
    """SIGTERM must let the running job finish, deliver it, and exit 0."""
    with living(tmp_path / "spool", engine="tests.engines.slow") as runner:
        runner.drop_slow("talk.wav", 2)
        runner.working()
        assert runner.stop() == 0
    assert "talk.json" in runner.outputs()
    assert runner.jobs("active") == []


def test_what_a_job_cost_is_in_its_record(tmp_path: Path) -> None:
    """Wall time and the memory that a worker had for itself must stand in a delivered record."""
    with living(tmp_path / "spool", engine="tests.engines.slow") as runner:
        runner.drop_slow("talk.wav", 2.5)
        wait_for("done", lambda: runner.jobs("done"))
        (attempt,) = runner.record("done")["attempts"]
        assert attempt["wall_seconds"] >= 2.5
        assert 1024**2 < attempt["peak_memory_bytes"] < 1024**3


def test_a_drain_that_takes_too_long_charges_nobody(tmp_path: Path) -> None:
    """After ``drain_seconds`` the job is interrupted, deferred, and not charged."""
    with living(tmp_path / "spool", engine="tests.engines.hang", drain_seconds=0.2) as runner:
        runner.drop("talk.wav")
        runner.working()
        assert runner.stop() == 0
    record = runner.record("deferred")
    assert [(a["outcome"], a["charged"]) for a in record["attempts"]] == [("interrupted", False)]


def test_kill_of_the_daemon_in_mid_job(tmp_path: Path) -> None:
    """After SIGKILL in mid-job, a restart must deliver the job once and leave nothing behind."""
    spool = tmp_path / "spool"
    with living(spool, engine="tests.engines.slow", formats="json") as runner:
        runner.drop_slow("talk.wav", 30)
        pid = runner.working()
        runner.stop(signal.SIGKILL)
    wait_for("the worker's end", lambda: not Path(f"/proc/{pid}").exists(), 3)
    with living(spool, engine="tests.engines.echo", formats="json") as again:
        again.delivered("talk.json")
        wait_for("done", lambda: again.jobs("done"))
        assert again.outputs() == {"talk.json"}
        assert again.jobs("active") == again.jobs("deferred") == again.jobs("failed") == []


def test_an_operator_s_cancel(tmp_path: Path) -> None:
    """A cancel file in a running job's folder must bury it as cancelled, and free the slot."""
    with living(tmp_path / "spool", engine="tests.engines.hang", slots=1) as runner:
        runner.drop("talk.wav")
        job = wait_for("a running job", lambda: runner.jobs("active"))[0]
        runner.working()
        (runner.spool / "active" / job / "cancel").touch()
        wait_for("the burial", lambda: runner.jobs("failed"))
        assert runner.record("failed")["reason"]["code"] == "cancelled"
        assert "talk.wav.failed.txt" in runner.outputs()


def test_pause_holds_and_resume_lets_go(tmp_path: Path) -> None:
    """While ``run/paused`` stands nothing is claimed; health stays green and says so."""
    with living(tmp_path / "spool", formats="txt") as runner:
        (runner.spool / "run/paused").touch()
        wait_for("a pause", lambda: runner.status().get("state") == "paused")
        dropped = runner.drop("talk.wav")
        beat = runner.status()["heartbeat"]
        wait_for("two more heartbeats", lambda: runner.status().get("heartbeat", 0) > beat + 2)
        assert dropped.exists()
        (runner.spool / "run/paused").unlink()
        runner.delivered("talk.txt")


def test_what_is_no_recording_is_refused_in_words(tmp_path: Path) -> None:
    """A text file called .mp3 must end in failed/ with a notice beside where a result would be."""
    with living(tmp_path / "spool") as runner:
        runner.drop("song.mp3", b"these are words, not music\n" * 100, folder="x")
        runner.delivered("x/song.mp3.failed.txt")
        wait_for("the burial", lambda: runner.jobs("failed"))
        notice = (runner.spool / "outbox/x/song.mp3.failed.txt").read_text()
        assert "song.mp3" in notice
        assert runner.record("failed")["reason"]["code"] == "not_media"
        assert (runner.spool / "failed" / runner.jobs("failed")[0] / "source").exists()


def test_a_flaky_engine_is_retried(tmp_path: Path) -> None:
    """A job whose first attempt crashes must be delivered by the second."""
    with living(tmp_path / "spool", engine="tests.engines.flaky", formats="txt") as runner:
        runner.drop("talk.wav")
        runner.delivered("talk.txt")
        wait_for("done", lambda: runner.jobs("done"))
        assert [a["outcome"] for a in runner.record("done")["attempts"]] == ["crashed", "end"]


def test_an_engine_that_can_not_load_brakes(tmp_path: Path) -> None:
    """When the engine can't load, no job is charged, health is red, and mending it is enough."""
    with living(tmp_path / "spool", engine="tests.engines.cannot_load", formats="txt") as runner:
        runner.drop("talk.wav")
        wait_for("the brake", lambda: runner.status().get("state") == "braked")
        assert runner.status()["reasons"]
        waiting = wait_for("the job back", lambda: runner.jobs("deferred"))
        assert "attempts" not in runner.record("deferred", waiting[0])
        assert runner.stop() == 0
    with living(tmp_path / "spool", formats="txt") as mended:
        mended.delivered("talk.txt")


def test_many_files(tmp_path: Path) -> None:
    """Two hundred files must all be delivered, each once."""
    spool = tmp_path / "spool"
    (spool / "inbox").mkdir(parents=True)
    for number in range(200):
        (spool / f"inbox/{number:03}.wav").write_bytes(WAV)
    with living(spool, formats="txt", settle_seconds=0.1) as runner:
        runner.delivered(*(f"{number:03}.txt" for number in range(200)), seconds=60)
        assert len(runner.outputs()) == 200


def test_two_runners_share_a_spool(tmp_path: Path) -> None:
    """Two runners on one spool must deliver each file once; a third of the same name is refused."""
    spool = tmp_path / "spool"
    with (
        living(spool, formats="txt") as one,
        living(spool, formats="txt", runner_name="two") as two,
    ):
        for number in range(40):
            one.drop(f"{number}.wav")
        one.delivered(*(f"{number}.txt" for number in range(40)), seconds=30)
        assert len(one.outputs()) == 40
        merged = spool / "run/metrics.prom"
        labels = ('runner="runner"', 'runner="two"')
        wait_for("both in one file", lambda: all(x in merged.read_text() for x in labels))
        third = Living(spool, formats="txt")
        with pytest.raises(AssertionError, match="exit 4"):
            third.start()
        assert two.process and two.process.poll() is None


@pytest.mark.parametrize(
    ("engine", "status"), [("tests.engines.echo", 0), ("tests.engines.segfault", 1)]
)
def test_run_once(tmp_path: Path, engine: str, status: int) -> None:
    """``run --once`` must work the inbox off and say by its exit status whether all went well."""
    runner = Living(tmp_path / "spool", engine=engine, max_attempts=1, formats="txt")
    runner.drop("talk.wav")
    assert runner.once() == status
    assert runner.outputs() == ({"talk.txt"} if status == 0 else {"talk.wav.failed.txt"})


def test_run_once_leaves_for_later(tmp_path: Path) -> None:
    """``run --once`` must exit 3 when a job waits longer than ``once_wait_seconds``."""
    runner = Living(
        tmp_path / "spool", engine="tests.engines.segfault", once_wait_seconds=1, retry_seconds=300
    )
    runner.drop("talk.wav")
    assert runner.once() == 3
    assert len(runner.jobs("deferred")) == 1


def test_sidecars_right_and_wrong(tmp_path: Path) -> None:
    """A sidecar's options must reach the job; a wrong one buries it, naming file and key."""
    with living(tmp_path / "spool") as runner:
        inbox = runner.spool / "inbox"
        (inbox / "good.wav.toml").write_text('formats = ["tsv"]\nlanguage = "ko"\n')
        runner.drop("good.wav")
        (inbox / "bad.wav.toml").write_text("beam_sizes = 3\n")
        runner.drop("bad.wav")
        runner.delivered("good.tsv", "bad.wav.failed.txt")
        assert "good.json" not in runner.outputs()
        wait_for("the burial", lambda: runner.jobs("failed"))
        reason = runner.record("failed")["reason"]["text"]
        assert "bad.wav.toml" in reason
        assert "beam_sizes" in reason
        assert list(inbox.iterdir()) == []


@needs.user()
def test_an_unprivileged_runner_with_strangers_files(open_folder: Path) -> None:
    """A runner without root takes what the group may take, and lists the rest with the cure."""
    if not unprivileged.possible():
        needs.refuse("needs to become another user who can run the interpreter")
    spool = open_folder / "spool"
    spool.mkdir()
    os.chown(spool, 65534, 65534)
    runner = Living(spool, formats="txt")
    runner.prefix = unprivileged.command(65534, 65534)
    with running(runner):
        inbox = spool / "inbox"
        for name, mode in (("closed", 0o600), ("open", 0o660)):
            draft = inbox / f".{name}.part"
            draft.write_bytes(WAV)
            os.chown(draft, 12345, 65534)
            draft.chmod(mode)
            draft.rename(inbox / f"{name}.wav")
        folder = inbox / "theirs"
        folder.mkdir()
        (folder / "shut.wav").write_bytes(WAV)
        os.chown(folder, 12345, 12345)
        folder.chmod(0o755)
        runner.delivered("open.txt")
        wanted = {"closed.wav", "theirs"}
        wait_for("both listed", lambda: wanted <= {t["path"] for t in troubles(runner)})
        assert all(t["cure"] for t in troubles(runner))
        assert (inbox / "closed.wav").exists()
        assert (folder / "shut.wav").exists()


def troubles(runner: Living) -> list[dict[str, str]]:
    """What the runner lists for a person to mend."""
    return list(runner.status().get("troubled", []))
