"""Without Linux's own calls, as on macOS: everything but what the guarantees' table leaves out."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from runner.job.outcomes import OutcomeKind
from tests.e2e.living import wait_for
from tests.e2e.marked import marked
from tests.pool.shift import shift


def test_workers_are_spawned_and_parked(tmp_path: Path) -> None:
    """Where forks can't be told from strangers, workers must be spawned, the next one parked."""
    with shift(tmp_path, linux_calls=False, start_method="fork", slots=1) as work:
        first, outcome, _ = work.job()
        assert (first.how, outcome.kind) == ("spawn", "end")
        assert not {"dies with its parent", "subreaper", "no files but its job's"} & set(first.cage)
        work.until("a standby", lambda: [w for w in work.pool.workers() if w.parked and w.waiting])
        second = work.ready()
        assert second.how == "standby"
        work.order(second.ref, "hang_deaf")
        work.pool.stop(second.ref, why=OutcomeKind.CANCELLED, now=time.monotonic())
        assert work.finished(second.ref).signal in {signal.SIGTERM, signal.SIGKILL}


def test_the_little_zoo_without_linux_calls(tmp_path: Path) -> None:
    """The real runner must give the same verdicts, and its neighbours be delivered."""
    natures = {
        "segfault": "crashed", "hang": "stalled", "stop_itself": "stalled", "hang_up": "crashed",
        "exit_early": "crashed", "refuse": "no_audio", "flood": "", "after_end segfault": "",
        "first spool_error ENOSPC": "",
    }  # fmt: skip
    with marked(
        tmp_path / "spool", engine="tests.engines.menagerie", linux_calls=False, slots=4,
        max_attempts=1, stall_seconds=2, formats="txt",
    ) as runner:  # fmt: skip
        names = {f"{nature.replace(' ', '_')}.wav": code for nature, code in natures.items()}
        for (name, _), nature in zip(names.items(), natures, strict=True):
            runner.meet(name, nature)
        runner.meet("neighbour.wav")
        ends = runner.ended(*names, "neighbour.wav", seconds=60)
        for name, code in names.items():
            state, record = ends[name]
            assert state == ("failed" if code else "done"), name
            assert (record.get("reason") or {}).get("code", "") == code, name
        assert [a["outcome"] for a in ends["neighbour.wav"][1]["attempts"]] == ["end"]
        assert runner.process
        assert runner.process.poll() is None


def test_workers_die_with_the_daemon_by_their_socket(tmp_path: Path) -> None:
    """With no parent-death signal the worker's thread must see the socket close, and end it."""
    with marked(
        tmp_path / "spool", engine="tests.engines.menagerie", linux_calls=False, stall_seconds=20
    ) as runner:
        runner.meet("talk.wav", "hang")
        runner.working()
        runner.stop(signal.SIGKILL)
        wait_for("nobody", lambda: not runner.processes(), 3.0)


def children_of(spool: Path) -> dict[int, int]:
    """The processes that were started for a spool, with their groups."""
    found = {}
    for home in Path("/proc").iterdir():
        if home.name.isdecimal():
            with suppress(OSError):
                if os.fsencode(spool) in (home / "cmdline").read_bytes():
                    found[int(home.name)] = os.getpgid(int(home.name))
    return found


def test_a_spawned_worker_s_group_goes_with_it(tmp_path: Path) -> None:
    """A child in the worker's own group must be ended with it; those in sessions of their own stay.

    That they stay is what the guarantees' table says of systems without Linux's calls.
    """
    with shift(tmp_path, linux_calls=False, standby=0) as work:
        ready = work.ready()
        work.order(ready.ref, "grandchildren crash")
        assert work.finished(ready.ref).signal == signal.SIGABRT
        escaped = children_of(work.spool)
        try:
            work.until("an empty group", lambda: ready.pid not in children_of(work.spool).values())
            assert len(escaped) >= 2
        finally:
            for pid in children_of(work.spool):
                os.kill(pid, signal.SIGKILL)
