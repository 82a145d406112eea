"""What confines a worker, seen from inside, and what reaches its environment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.config import Settings
from runner.config.environment import child_environment
from runner.worker import cage, landlock
from tests import needs
from tests.pool.shift import shift

pytestmark = needs.linux()
METHODS = pytest.mark.parametrize("method", ["fork", "spawn"])


@METHODS
def test_a_worker_is_caged(tmp_path: Path, method: str) -> None:
    """Own session, no core dump, first choice of the kernel, dies with its parent, own signals."""
    with shift(tmp_path, start_method=method) as work:
        ready = work.ready()
        facts = set(ready.cage)
        assert {"own session", "no core dumps", "dies with its parent", "subreaper"} <= facts
        assert (landlock.version() > 0) == ("no files but its job's" in facts)
        work.order(ready.ref)
        work.finished(ready.ref)
        seen = work.testimony()
    assert seen["session"] == seen["pid"]
    assert seen["core"] == [0, 0]
    assert seen["death_signal"] == signal.SIGKILL
    assert seen["umask"] == 0o077
    assert seen["term"]
    assert (seen["oom_score"] == cage.OOM_SCORE) == (f"oom_score_adj {cage.OOM_SCORE}" in facts)
    assert (seen["parent"] == os.getpid()) == (method == "spawn")


@METHODS
def test_a_worker_keeps_five_descriptors(tmp_path: Path, method: str) -> None:
    """0, 1, 2, its socket and its lease: nothing of the daemon's or of another job may be open."""
    with shift(tmp_path, start_method=method) as work:
        long = work.ready()
        work.order(long.ref, "slow 1.5")
        seen = work.testimony()
        work.finished(long.ref)
    descriptors = seen["descriptors"]
    assert len(descriptors) == 5, descriptors
    assert descriptors.pop("0") == os.devnull
    assert descriptors.pop("1") == descriptors.pop("2")
    kinds = sorted(descriptors.values())
    assert kinds[0] == str(tmp_path / "active/job-2")
    assert kinds[1].startswith("socket:")


def open_in(pid: int) -> int:
    """How much a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def test_nothing_is_kept_of_a_job_that_is_over(tmp_path: Path) -> None:
    """Neither the template nor the daemon may keep a descriptor of a worker that has gone."""
    with shift(tmp_path) as work:
        work.job()
        (template,) = work.children()
        before = open_in(template), open_in(os.getpid())
        for _ in range(3):
            work.job()
        assert (open_in(template), open_in(os.getpid())) == before


def test_an_empty_range_at_zero_closes_nothing() -> None:
    """CPython's ``closerange(0, 0)`` closes everything: ours must not be asked for that."""
    script = "from runner.worker.cage import _close_range as c; c(0, 0); c(5, 5); print('alive')"
    assert run(script) == "alive"


def test_only_what_is_kept_survives() -> None:
    """Of many descriptors, gaps among them, exactly the kept ones must stay open."""
    script = """
import os
from runner.worker.cage import _close_all_but
fds = [os.dup(0) for _ in range(20)]
os.close(fds[3])
os.dup2(0, 700)
list(_close_all_but({0, 1, 2, fds[5], fds[10]}))
def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
print([fd for fd in range(1024) if is_open(fd)] == [0, 1, 2, fds[5], fds[10]])
"""
    assert run(script) == "True"


def run(script: str) -> str:
    """Run a program of our own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


@METHODS
def test_the_environment_is_scrubbed(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret of the daemon's may reach a worker; what ``worker_env_keep`` names must."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("ENGINE_TOKEN", "kept")
    monkeypatch.setenv("RUNNER_SPOOL", "/somewhere")
    with shift(tmp_path, start_method=method, worker_env_keep=("ENGINE_*",)) as work:
        seen = work.testimony()["environment"]
    assert seen["ENGINE_TOKEN"] == "kept"
    assert "hunter2" not in str(seen)
    assert not [name for name in seen if name.startswith("RUNNER_")]
    assert seen["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"
    assert {seen["OMP_NUM_THREADS"], seen["OPENBLAS_NUM_THREADS"]} == {"1"}
    assert seen["TMPDIR"] == str(tmp_path / "active/job-1/attempt-1") or not landlock.version()


@pytest.mark.parametrize(("said", "seen"), [("1", "1"), ("0", "0"), (None, "1")])
def test_mps_fallback_as_the_operator_says(
    monkeypatch: pytest.MonkeyPatch, said: str | None, seen: str
) -> None:
    """PYTORCH_ENABLE_MPS_FALLBACK must reach the worker as set, and be 1 if it is not."""
    if said is None:
        monkeypatch.delenv("PYTORCH_ENABLE_MPS_FALLBACK", raising=False)
    else:
        monkeypatch.setenv("PYTORCH_ENABLE_MPS_FALLBACK", said)
    assert child_environment(Settings())["PYTORCH_ENABLE_MPS_FALLBACK"] == seen


def test_around_a_hole(tmp_path: Path) -> None:
    """A spool below an allowed folder must be left out, with all that lies around it allowed."""
    for name in ("code/lib", "code/spool/done", "code/other", "else"):
        (tmp_path / name).mkdir(parents=True)
    root = str(tmp_path)
    found = set(landlock.around(root, f"{root}/code/spool"))
    assert found == {f"{root}/{name}" for name in ("code/lib", "code/other", "else")}
    assert list(landlock.around(f"{root}/else", f"{root}/code/spool")) == [f"{root}/else"]
    assert list(landlock.around(f"{root}/code/spool", f"{root}/code/spool")) == []
