"""deploy/supervisord.conf under the real supervisord: what an operator does, and what happens."""

import configparser
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from runner.config import Settings
from tests import needs
from tests.e2e.living import Living, wait_for

ROOT = Path(__file__).resolve().parents[2]


class Supervised(Living):
    """A checkout with a spool of its own, run by supervisord with the shipped configuration.

    The configuration's paths count from its own folder, so a folder of links is a checkout.
    It is a short one: a socket's path may have about a hundred characters.
    """

    def __init__(self, checkout: Path) -> None:
        super().__init__(checkout / "spool", engine="tests.engines.slow", formats="txt")
        self.checkout = checkout
        self.spool.mkdir()
        (checkout / "deploy").mkdir()
        for name in ("supervisord.conf", "runner.toml"):
            (checkout / "deploy" / name).write_text((ROOT / "deploy" / name).read_text())
        for name in ("runner", "tests"):
            (checkout / name).symlink_to(ROOT / name)
        (checkout / ".venv").symlink_to(sys.prefix)
        self.conf = str(checkout / "deploy/supervisord.conf")

    def start(self, *arguments: str) -> "Supervised":
        """Start supervisord and wait until it says that the runner runs."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", self.conf, *arguments],
                cwd="/", env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.running()
        return self

    def ctl(self, *arguments: str) -> str:
        """Give supervisorctl an order and return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisorctl", "-c", self.conf, *arguments],
            cwd="/", check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.stdout + done.stderr

    def running(self) -> int:
        """Wait until supervisord and the runner agree that it runs; return the runner's pid."""

        def pid() -> int:
            said = self.ctl("status", "runner")
            number = int(said.split("pid ")[1].split(",")[0]) if "RUNNING" in said else 0
            return number if number and self.status().get("pid") == number else 0

        return int(wait_for("supervisord's RUNNING and the runner's own status", pid))

    def processes(self) -> set[Path]:
        """Every process that works here: runner, template, workers."""

        def here(home: Path) -> bool:
            with suppress(OSError):
                return (home / "cwd").readlink() == self.checkout.resolve()
            return False

        return set(filter(here, Path("/proc").glob("[0-9]*")))

    def in_mid_job(self, name: str) -> None:
        """Drop a file and wait until a worker has begun with it."""
        self.drop(name)
        wait_for(f"an attempt at {name}", lambda: list(self.spool.glob("active/*/attempt-1")))

    def left_over(self) -> list[Path]:
        """What is neither delivered nor done: nothing, once all is well."""
        states = ("inbox", "active", "deferred", "failed")
        found = [path for state in states for path in (self.spool / state).iterdir()]
        return [path for path in found if path.name[0] != "."]


@contextmanager
def supervising(old: str = "", new: str = "") -> Iterator[Supervised]:
    """Run supervisord, with one line of its configuration changed, for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        Path(folder).chmod(0o755)
        it = Supervised(Path(folder))
        conf = Path(it.conf)
        assert old in conf.read_text()
        conf.write_text(conf.read_text().replace(old, new))
        try:
            yield it.start()
        finally:
            assert it.stop(seconds=90) == 0
            assert it.processes() == set()


@pytest.fixture(scope="module")
def supervised() -> Iterator[Supervised]:
    """One supervisord for this file; each test leaves its runner running."""
    with supervising("startsecs=2", "startsecs=1") as it:  # the tests have many starts
        yield it


def test_the_configuration_lets_a_drain_end() -> None:
    """TERM to the runner alone, more patience than a drain takes, then KILL to the whole group."""
    conf = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    conf.read(ROOT / "deploy/supervisord.conf")
    program, settings = conf["program:runner"], Settings()
    assert program["stopsignal"] == "TERM"
    assert not program.getboolean("stopasgroup")
    assert program.getboolean("killasgroup")
    assert program.getint("stopwaitsecs") == 75
    assert int(program["stopwaitsecs"]) > settings.drain_seconds + settings.kill_grace_seconds
    assert {"inet_http_server"} & set(conf.sections()) == set()
    assert conf["supervisorctl"]["serverurl"].startswith("unix://")


def test_status_knows_the_runner(supervised: Supervised) -> None:
    """`supervisorctl status` must show the runner as running, with its pid."""
    pid = supervised.running()
    assert f"pid {pid}" in supervised.ctl("status")


def test_the_socket_is_its_owners_alone_and_there_is_no_port(supervised: Supervised) -> None:
    """Whoever can reach the control socket can run anything: nobody else may open it."""
    socket = supervised.spool / "supervisor.sock"
    assert socket.is_socket()
    assert socket.stat().st_mode & 0o777 == 0o700
    assert "inet_http_server" not in Path(supervised.conf).read_text()


def test_stop_in_mid_job_delivers_the_transcript(supervised: Supervised) -> None:
    """`supervisorctl stop` must wait for the running job, whose transcript must then be there."""
    supervised.running()
    supervised.in_mid_job("stopped.wav")
    assert "stopped.txt" not in supervised.outputs()
    assert "runner: stopped" in supervised.ctl("stop", "runner")
    assert "STOPPED" in supervised.ctl("status", "runner")
    supervised.delivered("stopped.txt", seconds=0.1)
    assert not supervised.jobs("active")


def test_start_takes_what_came_while_it_was_stopped(supervised: Supervised) -> None:
    """A file dropped on a stopped runner must be transcribed after `supervisorctl start`."""
    supervised.ctl("stop", "runner")
    supervised.drop("meanwhile.wav")
    supervised.ctl("start", "runner")
    supervised.running()
    supervised.delivered("meanwhile.txt")


def test_restart_gives_a_new_runner(supervised: Supervised) -> None:
    """`supervisorctl restart` in mid-job must deliver, then run as a new process."""
    before = supervised.running()
    supervised.in_mid_job("restarted.wav")
    supervised.ctl("restart", "runner")
    assert supervised.running() != before
    supervised.delivered("restarted.txt", seconds=0.1)


def test_tail_shows_what_happened(supervised: Supervised) -> None:
    """`supervisorctl tail` must show the events of a job, one a line."""
    supervised.running()
    supervised.drop("told.wav")
    supervised.delivered("told.txt")
    said = wait_for(
        "published in the log", lambda: (t := supervised.ctl("tail", "runner")) * ("told" in t)
    )
    assert "published" in said
    assert "claimed" in said


def test_signal_term_drains_and_it_comes_back(supervised: Supervised) -> None:
    """`supervisorctl signal TERM` must drain the runner, and supervisord must start it again."""
    before = supervised.running()
    supervised.in_mid_job("signalled.wav")
    supervised.ctl("signal", "TERM", "runner")
    supervised.delivered("signalled.txt")
    wait_for("another runner", lambda: supervised.running() != before)


def test_kill_9_of_the_runner_loses_nothing(supervised: Supervised) -> None:
    """A killed runner must come back by itself and deliver the job it was killed in, once."""
    before = supervised.running()
    supervised.in_mid_job("killed.wav")
    os.kill(before, signal.SIGKILL)
    supervised.delivered("killed.txt")
    assert supervised.running() != before
    wait_for("every job done", lambda: not supervised.left_over())
    assert [name for name in supervised.outputs() if name.startswith("killed")] == ["killed.txt"]


@needs.linux()
def test_a_stop_that_takes_too_long_leaves_no_process_and_no_half_job() -> None:
    """After stopwaitsecs runner, template and workers must be gone; a start delivers, once."""
    with supervising("stopwaitsecs=75", "stopwaitsecs=1") as it:
        (it.spool / "inbox/long.wav.toml").write_text('initial_prompt = "1.5"')
        it.in_mid_job("long.wav")
        assert len(it.processes()) == 3
        it.ctl("stop", "runner")
        wait_for("the end of all", lambda: not it.processes(), 5)
        assert it.outputs() == set()
        it.ctl("start", "runner")
        it.delivered("long.txt")
        wait_for("every job done", lambda: not it.left_over())
        assert it.outputs() == {"long.txt"}
