"""What a worker may see, do and use up, in the real runner."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.worker import landlock
from tests import needs
from tests.e2e.living import wait_for
from tests.e2e.marked import HERD, Marked, marked, outcomes

pytestmark = needs.linux()


def test_a_worker_sees_its_own_job_only(tmp_path: Path) -> None:
    """No file of the system's secrets, of another job, of the outbox or the record may be open."""
    if not landlock.version():
        needs.refuse("needs a kernel with Landlock")
    secret, shown = tmp_path / "secret", tmp_path / "shown"
    for path in (secret, shown):
        path.write_text("words")
    spool = tmp_path / "spool"
    with marked(spool, engine=HERD, max_attempts=1, worker_paths=shown, formats="txt") as runner:
        runner.meet("first.wav")
        state, first = runner.ended("first.wav")["first.wav"]
        assert "no files but its job's" in first["attempts"][0]["cage"]
        refused = {
            "shadow.wav": "read /etc/shadow",
            "secret.wav": f"read {secret}",
            "outbox.wav": f"write {spool}/outbox/first.txt",
            "new.wav": f"write {spool}/outbox/spoilt.txt",
            "temporary.wav": f"write {tmp_path}/spoilt.txt",
            "record.wav": "record",
            "other.wav": f"read {spool}/{state}/{first['id']}/source",
            "model.wav": f"write {shown}",
        }
        for name, nature in refused.items():
            runner.meet(name, f"spy {nature}")
        runner.meet("shown.wav", f"spy read {shown}")
        ends = runner.ended(*refused, "shown.wav")
        for name in refused:
            assert ends[name][0] == "failed", name
            assert "PermissionError" in ends[name][1]["reason"]["text"], name
        assert ends["shown.wav"][0] == "done"
        assert shown.read_text() == "words"
        assert not (spool / "outbox/spoilt.txt").exists()


def test_a_worker_can_not_signal_the_daemon(tmp_path: Path) -> None:
    """A worker of the daemon's own user must not be able to kill it."""
    if landlock.version() < landlock.SIGNALS_SINCE:
        pytest.skip("needs a kernel whose Landlock confines signals (6.12)")
    with marked(tmp_path / "spool", engine=HERD, max_attempts=1) as runner:
        assert runner.process
        runner.meet("talk.wav", f"spy kill {runner.process.pid}")
        _, record = runner.ended("talk.wav")["talk.wav"]
        assert "PermissionError" in record["reason"]["text"]
        assert runner.process.poll() is None


def test_the_operator_s_environment(tmp_path: Path) -> None:
    """FORCE_CPU and the MPS fall-back must reach the worker, the runner's secrets must not."""
    runner = Marked(
        tmp_path / "spool", engine="tests.engines.witness", device="cuda:0", formats="json"
    )
    runner.more = {"FORCE_CPU": "1", "KEPT_WORD": "kept", "API_TOKEN": "hunter2"}
    runner.start()
    try:
        runner.meet("talk.wav")
        _, record = runner.ended("talk.wav")["talk.wav"]
    finally:
        runner.stop()
    result = json.loads((runner.spool / "outbox/talk.json").read_text())
    assert (record["attempts"][0]["device"], result["job"]["why"]) == ("cpu", "FORCE_CPU is set")
    seen = json.loads(result["text"])["environment"]
    wanted = {"FORCE_CPU": "1", "PYTORCH_ENABLE_MPS_FALLBACK": "1", "KEPT_WORD": "kept"}
    assert wanted.items() <= seen.items()
    assert "hunter2" not in str(seen)
    assert "device=cpu" in next(
        line for line in runner.log.read_text().splitlines() if "event=placed" in line
    )


LITTLE = 300 * 1024**2


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """A memory cgroup of its own, 300 MiB and no swap, of either version."""
    roots = {"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"}
    for root, limit in roots.items():
        group = Path(root, f"zoo-{os.getpid()}")
        try:
            group.mkdir()
            (group / limit).write_text(str(LITTLE))
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("needs a memory cgroup")


def test_the_kernel_takes_the_worker(tmp_path: Path, little_memory: Path) -> None:
    """When the kernel is out of memory it must take the worker; the job is over its memory."""
    runner = Marked(
        tmp_path / "spool", engine=HERD, job_memory_bytes=0, max_attempts=2, formats="txt"
    )
    enter = f'echo $$ > {little_memory}/cgroup.procs; exec "$@"'
    runner.prefix = ["sh", "-c", enter, "sh"]
    runner.start()
    try:
        runner.meet("talk.wav", "eat_memory")
        runner.meet("neighbour.wav")
        ends = runner.ended("talk.wav", "neighbour.wav")
        assert ends["talk.wav"][1]["reason"]["code"] == "over_memory"
        assert outcomes(ends["talk.wav"][1]) == [("over_memory", True)] * 2
        assert outcomes(ends["neighbour.wav"][1]) == [("end", True)]
        assert runner.process
        assert runner.process.poll() is None
    finally:
        runner.stop()
        wait_for("an empty house", lambda: not runner.processes(), 5)
