"""``status``: what is seen of a spool, by people and by programs."""

import io
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from runner.cli.tables import screenful
from tests import needs
from tests.cli.typed import (
    NASTY,
    NASTY_SHOWN,
    House,
    begun,
    ended,
    environment,
    program,
    quickest,
    stopped,
    typed,
)  # fmt: skip
from tests.e2e import unprivileged
from tests.e2e.living import ROOT, living, wait_for


def rows(text: str, title: str) -> list[str]:
    """The lines of one table below its head, up to the next table."""
    lines = [line.rstrip() for line in text.splitlines()]
    start = next(
        n for n, line in enumerate(lines) if line == title or line.startswith(f"{title} (")
    )
    end = next((n for n in range(start, len(lines)) if not lines[n]), len(lines))
    return [re.sub(r"  +", "  ", line) for line in lines[start + 2 : end]]


def test_each_table_says_what_it_should(house: House) -> None:
    """What runs (how far, how long still), waits, waits again and failed must each have its row."""
    said = typed("status", spool=house.spool)
    assert (said.code, said.err) == (0, "")
    (running,) = rows(said.out, "Running")
    assert re.search(r"long\.wav .* \d+%  \d:\d\d:\d\d  transcribing", running)
    assert house.running in running
    (waiting,) = rows(said.out, "Waiting")
    assert waiting.split()[0] == "next.wav"
    (deferred,) = rows(said.out, "Waiting for another attempt")
    assert re.search(rf"again\.mp3 +now .*{house.again}", deferred)
    (failed, *rest) = rows(said.out, "Failed")
    assert "this is a text file, not a recording" in failed
    assert house.bad in failed
    assert [line for line in rest if line.startswith("damaged:")]
    assert f"process {house.status()['pid']}" in said.out
    assert "1 waiting, 1 running, 1 deferred, 1 done, 2 failed" in said.out


def test_a_stranger_s_name_can_not_steer_the_terminal(house: House) -> None:
    """Control characters in names must be shown, not sent; emoji must stay as they are."""
    for words in (("status",), ("show", house.bad)):
        said = typed(*words, spool=house.spool)
        assert NASTY_SHOWN in said.out
        assert "\x1b" not in said.out


def test_programs_get_the_same_in_json(house: House) -> None:
    """`status --json` must be one object with runners, counts and each kind of job."""
    seen = json.loads(typed("status", "--json", spool=house.spool).out)
    assert seen["version"] == 1
    assert seen["paused"] is False
    assert seen["counts"] == {"inbox": 1, "active": 1, "deferred": 1, "done": 1, "failed": 2}
    (runner,) = seen["runners"]
    assert (runner["name"], runner["alive"], runner["healthy"]) == ("runner", True, True)
    assert runner["status"]["pid"] == house.status()["pid"]
    (running,) = seen["running"]
    assert running["id"] == house.running
    assert 0 < running["progress"] < 1
    assert 0 < running["eta_seconds"] < 100
    assert [file["name"] for file in seen["waiting"]] == ["next.wav"]
    assert [(j["id"], j["due_at"] > 0) for j in seen["deferred"]] == [(house.again, True)]
    assert [(j["id"], j["name"], j["code"]) for j in seen["failed"]] == [
        (house.bad, NASTY, "not_media")
    ]
    assert len(seen["damaged"]) == 1


def test_a_look_shows_nothing_twice_and_counts_what_it_shows(tmp_path: Path) -> None:
    """What has moved since the runner last spoke must neither be shown nor counted any more."""
    spool = tmp_path / "spool"
    with living(spool, engine="tests.engines.slow", slots=1, formats="txt") as runner:
        assert runner.process
        runner.drop_slow("long.wav", 100)
        wait_for("progress", runner.working)
        for name in ("a.wav", "b.wav", "c.wav"):
            runner.drop(name)
        wait_for("three waiting", lambda: runner.status()["counts"].get("inbox") == 3)
        with stopped(runner.process):
            (spool / "inbox/a.wav").unlink()
            (active,) = runner.jobs("active")
            claimed = "7" * 26
            shutil.copytree(spool / "active" / active, spool / "active" / claimed)
            record = spool / "active" / claimed / "job.json"
            record.write_text(record.read_text().replace(active, claimed))
            (spool / "active" / claimed / "source").unlink()
            seen = json.loads(typed("status", "--json", spool=spool).out)
            assert {file["name"] for file in seen["waiting"]} == {"b.wav", "c.wav"}
            assert [job["id"] for job in seen["running"]] == [active]  # the other is an intent
            assert (seen["counts"]["inbox"], seen["counts"]["active"]) == (2, 1)
            (spool / "inbox/b.wav").rename(spool / "active" / claimed / "source")
            (spool / "active" / active).rename(spool / "failed" / active)
            seen = json.loads(typed("status", "--json", spool=spool).out)
            assert [file["name"] for file in seen["waiting"]] == ["c.wav"]
            assert [job["id"] for job in seen["running"]] == [claimed]
            assert [job["id"] for job in seen["failed"]] == [active]
            assert seen["counts"] == {
                "inbox": 1, "active": 1, "deferred": 0, "done": 0, "failed": 1,
            }  # fmt: skip
            runner.process.kill()


def test_folders_are_shown_everywhere(tmp_path: Path) -> None:
    """What runs, waits, and failed must be shown with its folder, whatever it waits for."""
    with living(
        tmp_path / "spool", engine="tests.engines.slow", slots=1, drain_seconds=0.2
    ) as runner:
        runner.drop("x.mp3", b"<html>", folder="bad/deep")
        wait_for("it to fail", lambda: runner.jobs("failed"))
        runner.drop_slow("long.wav", 100).rename(runner.spool / "inbox/.long.part")
        home = runner.spool / "inbox/sub/deep"
        home.mkdir(parents=True)
        (runner.spool / "inbox/long.wav.toml").rename(home / "long.wav.toml")
        (runner.spool / "inbox/.long.part").rename(home / "long.wav")
        wait_for("progress", runner.working)
        runner.drop("next.wav", folder="sub/deep")
        stuck = runner.drop("y.wav", folder="stuck")
        (stuck.parent / "_options.toml").write_text("beam_sizes = 3")
        wait_for("both", lambda: runner.status()["counts"].get("inbox") == 2)
        out = typed("status", spool=runner.spool).out
        assert rows(out, "Running")[0].startswith("sub/deep/long.wav ")
        assert rows(out, "Failed")[0].startswith("bad/deep/x.mp3 ")
        waiting = {row.split()[0] for row in rows(out, "Waiting")}
        assert waiting == {"sub/deep/next.wav", "stuck/y.wav"}


def test_a_pause_is_said_once(tmp_path: Path) -> None:
    """The runner's word of a pause must not be added to ours."""
    with living(tmp_path / "spool") as runner:
        assert typed("pause", spool=runner.spool).code == 0
        wait_for("its pause", lambda: runner.status().get("state") == "paused")
        assert typed("status", spool=runner.spool).out.count("paused: ") == 1
        assert typed("health", spool=runner.spool).out.count("paused: ") == 1


def test_a_small_screen_shows_no_heading_without_a_row() -> None:
    """Wherever a screen ends, each heading on it must have a row."""
    jobs = [{"name": f"{n}.wav", "folder": "", "why": "ready"} for n in range(3)]
    failed = [{"name": "f.wav", "folder": "", "finished_at": 0, "reason": "bad", "id": "7" * 26}]
    view = {
        "paused": False, "runners": [], "spool": "/s", "now": 0, "running": [], "deferred": [],
        "waiting": jobs, "failed": failed, "damaged": [], "counts": {"inbox": 3, "failed": 1},
    }  # fmt: skip
    headings = set()
    for height in range(3, 20):
        screen = Console(width=80, height=height, record=True, file=io.StringIO())
        screen.print(screenful(view, screen))
        shown = screen.export_text().splitlines()[:height]
        for title, row in (("Waiting", "0.wav"), ("Failed", "f.wav")):
            if title in shown:
                headings.add(title)
                assert any(line.startswith(row) for line in shown), (height, shown)
    assert headings == {"Waiting", "Failed"}


def test_a_damaged_record_is_listed(house: House) -> None:
    """A job.json that does not parse must be a line that names it, not the end of `status`."""
    said = typed("status", spool=house.spool)
    assert f"{house.damaged}/job.json" in said.out
    shown = typed("show", house.damaged, spool=house.spool)
    assert shown.code == 1
    assert f"{house.damaged}/job.json" in shown.sentence


def test_a_job_without_a_record_is_listed(quiet: Path, job: Callable[[str], str]) -> None:
    """A job whose job.json is gone must be named by `status` and `show`, not passed over."""
    done, bad = job("done"), job("failed")
    for path in (quiet / "done" / done, quiet / "failed" / bad):
        (path / "job.json").unlink()
    assert f"damaged: {quiet}/failed/{bad}: has no job.json" in typed("status", spool=quiet).out
    for command, state, name in (("show", "done", done), ("retry", "failed", bad)):
        said = typed(command, name, spool=quiet)
        assert said.code == 1
        assert said.sentence.startswith(f"{quiet}/{state}/{name}: has no job.json")


def test_without_a_runner_it_says_so(quiet: Path) -> None:
    """Nothing at work: files still count, and the first line says that nobody takes them."""
    (quiet / "inbox/a.wav").write_bytes(b"x")
    (quiet / "inbox/a.wav.toml").write_bytes(b"")
    said = typed("status", spool=quiet)
    assert said.code == 0
    assert "no runner is at work" in said.out.splitlines()[0]
    assert rows(said.out, "Waiting") == ["a.wav  no runner is at work"]


def test_no_spool_is_a_sentence(tmp_path: Path) -> None:
    """A spool that is absent, a file, or not a spool must be named, with exit 2."""
    file = tmp_path / "file"
    file.touch()
    for spool in (tmp_path / "absent", file, tmp_path):
        said = typed("status", "--spool", spool)
        assert said.code == 2
        assert f"{spool}: there is no spool" in said.sentence


@needs.user()
def test_a_closed_spool_is_a_sentence(quiet: Path) -> None:
    """Whoever may not look into the spool must be told which folder is closed to him."""
    if not unprivileged.possible():
        needs.refuse("needs to become another user who can run the interpreter")
    for folder in (quiet, *quiet.parents):
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to("/tmp"):
            folder.chmod(0o755)
    stranger = unprivileged.command(12345, 12345)
    words = [*stranger, *program("status", "--spool", quiet)]
    env = {**environment(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd="/", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert re.search(rf"{quiet}/\w+: can't be \w+", done.stderr), done.stderr


def test_five_thousand_waiting_files_are_no_burden(quiet: Path) -> None:
    """A look at a full inbox must cost a blink more than one at an empty one, runner or not."""
    bare = quickest("status", spool=quiet)
    for number in range(5000):
        (quiet / f"inbox/{number:04}.wav").touch()
    assert quickest("status", spool=quiet) < bare + 0.4
    with living(quiet, settle_seconds=3600) as runner:
        wait_for("the count", lambda: runner.status()["counts"].get("inbox") == 5000)
        said = typed("status", spool=quiet)
        assert "5000 waiting" in said.out
        assert "Waiting (20 of 5000)" in said.out
        assert quickest("status", spool=quiet) < bare + 0.4


def test_watching_in_a_pipe_is_a_line_a_look(quiet: Path) -> None:
    """`status --watch --json` must print an object a line, until Ctrl-C ends it with 130."""
    words = ("status", "--watch", "--json", "--interval", "0.1")
    process = begun(*words, spool=quiet)
    assert process.stdout
    looks = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert looks[0]["now"] < looks[1]["now"] < looks[2]["now"]
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert (said.code, said.err) == (130, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_watching_on_a_terminal_draws_and_ends_quietly(
    house: House, number: signal.Signals, code: int
) -> None:
    """`status --watch` must draw again and again; Ctrl-C and TERM must give the terminal back."""
    ours, theirs = pty.openpty()
    process = begun("status", "--watch", "--interval", "0.1", spool=house.spool,
                    env={"TERM": "xterm", "COLUMNS": 80, "LINES": 24},
                    stdin=theirs, stdout=theirs, stderr=theirs)  # fmt: skip
    os.close(theirs)
    seen = b""

    def drawn() -> bool:
        nonlocal seen
        if select.select([ours], [], [], 0.1)[0]:
            with suppress(OSError):  # the other end is closed: it has ended
                seen += os.read(ours, 65536)
        return seen.count(b"long.wav") > 2

    wait_for("three looks", drawn)
    process.send_signal(number)
    wait_for("the end", lambda: (drawn(), process.poll() is not None)[1])
    drawn()
    os.close(ours)
    assert process.returncode == code
    for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h")):
        assert -1 < seen.rfind(on) < seen.rfind(off)  # its own screen, and the cursor
    assert b"Traceback" not in seen
    assert NASTY.encode() not in seen


def test_a_reader_who_leaves_is_no_error(house: House) -> None:
    """`status | head -1` must leave no word on standard error."""
    for words in (("status",), ("status", "--json"), ("config",), ("--help",)):
        reader, writer = os.pipe()
        os.close(reader)
        said = ended(begun(*words, spool=house.spool, stdout=writer))
        os.close(writer)
        assert said.err == ""
        assert said.code == -signal.SIGPIPE


def test_a_look_loads_no_more_than_it_needs(quiet: Path) -> None:
    """`status` must start without the rooms and libraries that only the daemon needs."""
    script = (
        "import sys; from runner.cli import main\n"
        "sys.argv[1:] = ['status']\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    words = [sys.executable, "-c", script]
    done = subprocess.run(
        words, cwd=ROOT, env=environment(quiet), capture_output=True, text=True, check=True
    )
    assert "no runner is at work" in done.stdout
    heavy = {"runner.dispatcher", "runner.inbox", "runner.pool", "structlog", "prometheus_client",
             "watchdog", "torch", "numpy", "rich.live", "rich.markdown"}  # fmt: skip
    assert heavy & set(done.stderr.split()) == set()
