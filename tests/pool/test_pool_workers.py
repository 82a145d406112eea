"""Workers from beginning to end: forked, spawned, parked; templates worn, retired, let go."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from runner.job.outcomes import OutcomeKind
from runner.pool import EndSeen, Finished, Killed, Length, Lost, Ready, crew
from runner.pool.hiring import Hiring
from runner.pool.machine import Machine
from runner.pool.processes import Process
from runner.pool.programs import Program
from tests import needs
from tests.e2e.living import wait_for
from tests.e2e.marked import children
from tests.pool.shift import Shift, field_of, out_of_descriptors, parent_of, shift, standby

pytestmark = needs.linux()


def test_a_forked_worker_does_one_job(tmp_path: Path) -> None:
    """A worker must be forked by the template, deliver END, and be gone when it is finished."""
    with shift(tmp_path) as work:
        ready = work.ready()
        assert ready.how == "fork"
        assert parent_of(ready.pid) != os.getpid()
        attempt = work.order(ready.ref)
        outcome = work.finished(ready.ref)
        assert outcome.kind is OutcomeKind.END
        assert work.told(ready.ref, EndSeen)
        assert {path.name for path in attempt.iterdir()} == {"rendering.json", "result.json"}
        assert not Path(f"/proc/{ready.pid}").exists()
        assert work.pool.templates_started == 1


def test_spawned_and_parked_on_the_cpu(tmp_path: Path) -> None:
    """With spawn and one standby, the second job must be taken by a worker that was waiting."""
    with shift(tmp_path, start_method="spawn", standby=1, slots=1) as work:
        first, outcome, _ = work.job()
        assert (first.how, outcome.kind) == ("spawn", "end")
        parked = work.until("a standby that waits", lambda: standby(work))
        begun = time.monotonic()
        second = work.ready()
        took = time.monotonic() - begun
        assert (second.how, second.pid) == ("standby", parked)
        assert took < 0.3
        work.order(second.ref)
        assert work.finished(second.ref).kind is OutcomeKind.END
        assert work.pool.templates_started == 0


def test_a_standby_is_replaced_when_it_is_taken(tmp_path: Path) -> None:
    """While a standby works another must come up, and no more than one."""
    with shift(tmp_path, start_method="fork", standby=1, slots=2) as work:
        work.job()
        first = work.until("a standby", lambda: standby(work))
        taken = work.ready()
        assert taken.pid == first
        work.order(taken.ref, "hang")
        again = work.until("another standby", lambda: standby(work))
        assert again != first
        assert len([w for w in work.pool.workers() if w.parked]) == 1
        work.pool.stop(taken.ref, why=OutcomeKind.CANCELLED, now=time.monotonic())
        assert work.finished(taken.ref).kind is OutcomeKind.CANCELLED


def test_a_worker_that_can_not_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without descriptors for a worker the request must be lost with that reason; then it goes."""
    with shift(tmp_path, start_method="spawn") as work:
        work.until("a placement", lambda: work.pool.placement)
        with monkeypatch.context() as patch:
            patch.setattr(Hiring, "spawn", out_of_descriptors)
            ref = work.pool.request()
            work.until("its loss", lambda: work.told(ref, Lost))
            lost = work.told(ref, Lost)
            assert lost
            assert lost.outcome.kind is OutcomeKind.ENGINE_FAILED
            assert "Too many open files" in lost.outcome.reason
        assert work.job()[1].kind is OutcomeKind.END


def test_requests_beyond_the_slots_wait(tmp_path: Path) -> None:
    """A third request on two slots must wait, be served in order, and be withdrawable."""
    with shift(tmp_path) as work:
        first, second = work.ready(), work.ready()
        third, fourth = work.pool.request(), work.pool.request()
        for ready in (first, second):
            work.order(ready.ref, "hang")
        work.turn()
        assert not work.told(third, Ready)
        now = time.monotonic()
        work.pool.stop(fourth, why=OutcomeKind.CANCELLED, now=now)
        work.until("its loss", lambda: work.told(fourth, Lost))
        work.pool.stop(first.ref, why=OutcomeKind.INTERRUPTED, now=now)
        work.until("its turn", lambda: work.told(third, Ready))
        assert work.finished(first.ref).kind is OutcomeKind.INTERRUPTED


def test_a_worker_that_dies_before_its_order_is_lost(tmp_path: Path) -> None:
    """A ready worker that is killed must be reported as lost, once, and no order is believed."""
    with shift(tmp_path) as work:
        ready = work.ready()
        os.kill(ready.pid, signal.SIGKILL)
        work.until("its loss", lambda: work.told(ready.ref, Lost))
        work.order(ready.ref)
        assert work.finished(ready.ref).kind is OutcomeKind.INTERRUPTED


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_ready_and_lost_are_never_told_at_once(tmp_path: Path, method: str) -> None:
    """Of a worker that was ready and died unseen, the loss must be told a turn after Ready."""
    with shift(tmp_path, start_method=method, standby=0) as work:
        work.job()
        (parent,) = work.children() if method == "fork" else [os.getpid()]
        theirs = partial(children, parent) if method == "fork" else work.children
        for _ in range(20):  # until one was killed after it had said that it is ready
            ref = work.pool.request()
            pid = wait_for("its process", theirs)[0]
            wait_for("its wait for an order", partial(waits, pid))
            os.kill(pid, signal.SIGKILL)
            wait_for("its end", partial(gone, pid))
            turns: list[list[type]] = [[]]
            while Lost not in turns[-1]:
                events = work.pool.tick(time.monotonic())
                turns.append([type(event) for event in events if event.ref == ref])
            assert turns[-1] == [Lost]
            if [Ready] in turns:
                return
    raise AssertionError("none was killed in time")


def waits(pid: int) -> bool:
    """Whether a worker seems to wait for its order: two threads, the first one in a queue."""
    queued = "futex" in Path(f"/proc/{pid}/wchan").read_text()
    return queued and field_of(pid, "Threads") == "2"


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    return not Path(f"/proc/{pid}").exists() or field_of(pid, "State") == "Z"


@pytest.mark.parametrize("nature", ["hang", "hang_deaf", "stop_itself"])
def test_term_then_kill(tmp_path: Path, nature: str) -> None:
    """What is stopped gets TERM, then KILL after the grace; both are told."""
    with shift(tmp_path) as work:
        ready = work.ready()
        work.order(ready.ref, nature)
        work.until("its work", lambda: settled(work, ready, nature))
        work.pool.stop(ready.ref, why=OutcomeKind.CANCELLED, now=time.monotonic())
        outcome = work.finished(ready.ref)
        assert outcome.kind is OutcomeKind.CANCELLED
        signals = [e.signal for e in work.events if isinstance(e, Killed)]
        assert signals == (["SIGTERM"] if nature == "hang" else ["SIGTERM", "SIGKILL"])
        assert outcome.signal == (signal.SIGTERM if nature == "hang" else signal.SIGKILL)


def settled(work: Shift, ready: Ready, nature: str) -> bool:
    """Whether a beast has shown its nature."""
    if nature == "hang":
        return work.told(ready.ref, Length) is not None
    if nature == "stop_itself":
        return field_of(ready.pid, "State")[0] == "T"
    return bool(int(field_of(ready.pid, "SigIgn"), 16) >> (signal.SIGTERM - 1) & 1)


def test_what_can_not_be_killed_is_written_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that survives SIGKILL must cost its slot, be complained of, and end the attempt."""
    monkeypatch.setattr(crew, "WRITE_OFF_SECONDS", 0.3)
    with shift(tmp_path, slots=2) as work:
        stuck = work.ready()
        work.order(stuck.ref, "hang")
        with monkeypatch.context() as patch:
            patch.setattr(Process, "signal", lambda _self, _number: None)
            work.pool.stop(stuck.ref, why=OutcomeKind.CANCELLED, now=time.monotonic())
            assert work.finished(stuck.ref).kind is OutcomeKind.CANCELLED
            assert "slot_lost" in work.notes()
            assert work.pool.slots == 1
            assert str(stuck.pid) in work.pool.complaints()[0]
            assert work.job()[1].kind is OutcomeKind.END
        os.kill(stuck.pid, signal.SIGKILL)
        work.until("the slot back", lambda: work.pool.slots == 2)
        assert not work.pool.complaints()
        assert len([e for e in work.events if isinstance(e, Finished) and e.ref == stuck.ref]) == 1


def test_programs_are_no_orphans(tmp_path: Path) -> None:
    """A program of ours that is no worker (a pull, a probe) must not be swept away."""
    with shift(tmp_path) as work:
        program = Program(["http.server", "--bind", "127.0.0.1", "0"])
        try:
            work.job("grandchildren")
            work.until("the sweep", lambda: "orphans_killed" in work.notes())
            assert program.ended() is None
        finally:
            program.end()


def test_the_device_probe_is_heard(tmp_path: Path) -> None:
    """Where there are signs of an accelerator, torch must be asked, and its answer be used."""
    machine = Machine(cpus=2, memory_bytes=8 * 1024**3, accelerator=True)
    with shift(tmp_path, machine=machine, engine="openai-whisper", device="auto") as work:
        work.until("the placement", lambda: work.pool.placement, seconds=90)
        assert work.pool.placement
        assert work.pool.placement.why.startswith("auto: ")
        assert "torch" in work.pool.placement.why or "CUDA" in work.pool.placement.why


def test_close_ends_a_probe(tmp_path: Path) -> None:
    """A pool that is closed before it is placed must leave no probe behind."""
    machine = Machine(cpus=2, memory_bytes=8 * 1024**3, accelerator=True)
    with shift(tmp_path, machine=machine, engine="openai-whisper", device="auto") as work:
        work.turn()
        assert not work.pool.placement


def test_close_leaves_nothing(tmp_path: Path) -> None:
    """``close`` in the middle of everything must end within seconds and leave nobody."""
    work = Shift(tmp_path, standby=1)
    for nature in ("hang_deaf", "grandchildren"):
        ready = work.ready()
        work.order(ready.ref, nature)
    begun = time.monotonic()
    work.pool.close()
    assert time.monotonic() - begun < 4
    assert work.children() == []
    assert work.pool.template_state == "none"
