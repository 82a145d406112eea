"""Who takes whom along: deaths of the daemon, the template, a worker, by somebody else's hand."""

import os
import signal
from pathlib import Path

import pytest

from tests import needs
from tests.e2e.living import wait_for
from tests.e2e.marked import HERD, Marked, marked, outcomes

pytestmark = needs.linux()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_nobody_outlives_the_daemon(tmp_path: Path, method: str) -> None:
    """A second after SIGKILL of the daemon nobody may live, whatever holds the interpreter."""
    with marked(tmp_path / "spool", engine=HERD, start_method=method, standby=1) as runner:
        for nature in ("hang", "hang_deaf"):
            runner.meet(f"{nature}.wav", nature)
        wait_for("both at work", lambda: len(runner.at_work()) == 2)
        assert len(runner.processes()) >= 3
        runner.stop(signal.SIGKILL)
        wait_for("nobody", lambda: not runner.processes(), 1.0)


def test_a_template_s_death_charges_nobody(tmp_path: Path) -> None:
    """SIGKILL of the template in mid-job: interrupted, uncharged, delivered by a new template."""
    with marked(tmp_path / "spool", engine=HERD, formats="txt") as runner:
        runner.meet("talk.wav", "first hang")
        wait_for("its work", runner.at_work)
        (template,) = runner.tree()
        os.kill(template, signal.SIGKILL)
        state, record = runner.ended("talk.wav")["talk.wav"]
        assert (state, outcomes(record)) == ("done", [("interrupted", False), ("end", True)])
        assert runner.tree().keys() != {template}
        assert runner.status()["pid"] == runner.process.pid  # type: ignore[union-attr]


def test_a_killed_worker_is_retried(tmp_path: Path) -> None:
    """SIGKILL of a worker by a stranger is a crash: charged, and tried again."""
    with marked(tmp_path / "spool", engine=HERD, formats="txt") as runner:
        runner.meet("talk.wav", "first hang")
        wait_for("its work", runner.at_work)
        os.kill(runner.working(), signal.SIGKILL)
        state, record = runner.ended("talk.wav")["talk.wav"]
        assert (state, outcomes(record)) == ("done", [("crashed", True), ("end", True)])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_stopped_daemon_does_not_stop_the_clock(tmp_path: Path, method: str) -> None:
    """With the daemon stopped, the kernel's timer ends a worker that holds the interpreter."""
    with marked(tmp_path / "spool", engine=HERD, start_method=method, formats="txt") as runner:
        assert runner.process
        runner.meet("talk.wav", "first hang_deaf", job_timeout_seconds=1.5)
        wait_for("its work", runner.at_work)
        worker = runner.working()
        runner.process.send_signal(signal.SIGSTOP)
        try:
            wait_for("the worker's end by its own timer", lambda: gone(worker), 5)
        finally:
            runner.process.send_signal(signal.SIGCONT)
        state, record = runner.ended("talk.wav")["talk.wav"]
        assert (state, outcomes(record)) == ("done", [("overdue", True), ("end", True)])
        assert record["attempts"][0]["signal"] == signal.SIGALRM


def test_a_stopped_template_is_replaced(tmp_path: Path) -> None:
    """A template that answers no more must be ended in seconds, and the job be delivered."""
    with marked(tmp_path / "spool", engine=HERD, formats="txt", stall_seconds=2) as runner:
        runner.meet("first.wav")
        runner.delivered("first.txt")
        (template,) = runner.tree()
        os.kill(template, signal.SIGSTOP)
        runner.meet("second.wav")
        state, record = runner.ended("second.wav", seconds=10)["second.wav"]
        assert (state, outcomes(record)) == ("done", [("end", True)])
        assert template not in runner.tree()
        assert "the template does not answer" in runner.log.read_text()


@pytest.mark.parametrize("how", ["drain", "cancel"])
def test_a_stopped_template_holds_nobody_up(tmp_path: Path, how: str) -> None:
    """TERM must end a daemon whose template is stopped, and a job that waits be cancelled."""
    with marked(
        tmp_path / "spool", engine=HERD, formats="txt", stall_seconds=60, drain_seconds=1
    ) as runner:
        runner.meet("first.wav")
        runner.delivered("first.txt")
        (template,) = runner.tree()
        os.kill(template, signal.SIGSTOP)
        runner.meet("second.wav")
        wait_for("the wait", lambda: waits_for_a_worker(runner, "second.wav"))
        if how == "cancel":
            (job,) = runner.jobs("active")
            (runner.spool / "active" / job / "cancel").touch()
            assert runner.ended("second.wav", seconds=10)["second.wav"][0] == "failed"
        assert runner.stop(seconds=10) == 0
        assert how == "cancel" or len(runner.jobs("deferred")) == 1


def waits_for_a_worker(runner: Marked, name: str) -> bool:
    """Whether a recording is claimed and has no worker."""
    running = runner.status().get("running") or []
    return (name, "waiting for a worker") in [(run["name"], run["phase"]) for run in running]


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
