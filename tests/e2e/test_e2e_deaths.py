"""Who takes whom along: deaths of the daemon, the template, a worker, by somebody else's hand."""

import os
import signal
from pathlib import Path

import pytest

from tests import needs
from tests.e2e.living import wait_for
from tests.e2e.marked import HERD, marked, outcomes

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


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
