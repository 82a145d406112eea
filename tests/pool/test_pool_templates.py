"""Templates: worn and replaced, retired, let go; silent, grown, and without an heir."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from runner.job.outcomes import OutcomeKind
from runner.pool import Finished, Length, Lost, template
from runner.pool.crew import ANSWER_SECONDS
from runner.pool.hiring import Hiring
from runner.pool.processes import Process
from runner.pool.template import GROWTH_BYTES, Template
from tests import needs
from tests.pool.shift import out_of_descriptors, parent_of, shift, standby

pytestmark = needs.linux()


def test_a_worn_template_is_replaced(tmp_path: Path) -> None:
    """After ``template_forks`` workers an heir takes over; the old one waits for its last."""
    with shift(tmp_path, template_forks=2, slots=2) as work:
        long = work.ready()
        old = parent_of(long.pid)
        work.order(long.ref, "slow 2.5")
        work.job()
        work.until("the heir", lambda: work.pool.templates_started == 2)

        def forked_by_another() -> bool:
            ready = work.ready()
            parent = parent_of(ready.pid)
            work.order(ready.ref)
            work.finished(ready.ref)
            return parent != old

        work.until("a worker of the heir", forked_by_another)
        assert not work.told(long.ref, Finished)
        assert Path(f"/proc/{old}").exists()
        assert work.finished(long.ref).kind is OutcomeKind.END
        work.until("the old template's end", lambda: not Path(f"/proc/{old}").exists())


def test_an_heir_that_can_not_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without descriptors for another template the worn one must go on, and be replaced later."""
    with shift(tmp_path, template_forks=2) as work:
        work.job()
        with monkeypatch.context() as patch:
            patch.setattr(Hiring, "template", out_of_descriptors)
            assert work.job()[1].kind is OutcomeKind.END
            assert work.job()[1].kind is OutcomeKind.END
        assert work.pool.templates_started == 1
        work.until("the heir", lambda: work.pool.templates_started == 2)


def test_nothing_is_left_after_idle_seconds(tmp_path: Path) -> None:
    """After ``idle_seconds`` no template and no standby may be left; then it goes on."""
    with shift(tmp_path, standby=1, idle_seconds=0.5) as work:
        work.job()
        work.until("a standby", lambda: standby(work))
        assert work.pool.template_state == "ready"
        work.until("an empty house", lambda: not work.children())
        assert work.pool.template_state == "none"
        assert not list(work.pool.workers())
        assert work.pool.wakes_at(time.monotonic()) is None
        _, outcome, _ = work.job()
        assert outcome.kind is OutcomeKind.END


def test_two_models_two_templates(tmp_path: Path) -> None:
    """Each model in use must have its template; a third model lets the oldest go."""
    with shift(tmp_path) as work:
        parents = {}
        for model in ("one", "two", "three"):
            ready = work.ready(model=model)
            assert ready.model == model
            parents[model] = parent_of(ready.pid)
            work.order(ready.ref)
            work.finished(ready.ref)
        assert len(set(parents.values())) == 3
        work.until("the first one's end", lambda: not Path(f"/proc/{parents['one']}").exists())
        assert Path(f"/proc/{parents['two']}").exists()


def test_signals_to_the_group_pass_a_template_by(tmp_path: Path) -> None:
    """A template must have its own session and go on after INT, TERM and HUP: a drain needs it."""
    with shift(tmp_path) as work:
        work.job()
        (old,) = work.children()
        assert os.getsid(old) == old
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(old, number)
        assert work.job()[1].kind is OutcomeKind.END
        assert work.children() == [old]


def test_a_silent_template_is_ended(tmp_path: Path) -> None:
    """A stopped template that does not report a worker's end must go, and nobody be charged."""
    with shift(tmp_path) as work:
        ready = work.ready()
        old = parent_of(ready.pid)
        work.order(ready.ref, "hang")
        work.until("its work", lambda: work.told(ready.ref, Length))
        os.kill(old, signal.SIGSTOP)
        os.kill(ready.pid, signal.SIGKILL)
        outcome = work.finished(ready.ref)
        assert (outcome.kind, outcome.code) == (OutcomeKind.INTERRUPTED, "template_died")
        assert work.job()[1].kind is OutcomeKind.END
        assert not Path(f"/proc/{old}").exists()


def test_a_template_that_forks_no_more_is_ended(tmp_path: Path) -> None:
    """A request that a stopped template does not answer must end in seconds, charging nobody."""
    with shift(tmp_path, stall_seconds=1.0) as work:
        ready = work.ready()
        old = parent_of(ready.pid)
        work.order(ready.ref)
        work.finished(ready.ref)
        os.kill(old, signal.SIGSTOP)
        ref = work.pool.request()
        work.until("its loss", lambda: work.told(ref, Lost), 5)
        lost = work.told(ref, Lost)
        assert lost
        assert (lost.outcome.kind, lost.outcome.code) == (
            OutcomeKind.INTERRUPTED,
            "template_died",
        )
        assert work.job()[1].kind is OutcomeKind.END
        assert not Path(f"/proc/{old}").exists()


def test_a_template_that_never_forked_is_the_engine_s_fault(tmp_path: Path) -> None:
    """An engine whose template hangs in its first fork must brake the runner, with the reason."""
    with shift(tmp_path, engine="tests.engines.hang_fork", stall_seconds=3.0) as work:
        ref = work.pool.request()
        work.until("its loss", lambda: work.told(ref, Lost), 20)
        lost = work.told(ref, Lost)
        assert lost
        assert lost.outcome.kind is OutcomeKind.ENGINE_FAILED
        assert lost.outcome.reason == "the template does not answer"


def test_a_worker_that_is_not_made_yet_can_be_stopped(tmp_path: Path) -> None:
    """A request that waits for a stopped template's fork must end when stopped, as cancelled."""
    with shift(tmp_path) as work:
        ready = work.ready()
        work.order(ready.ref)
        work.finished(ready.ref)
        work.until("its going", lambda: not work.pool.workers())
        (template,) = work.children()
        os.kill(template, signal.SIGSTOP)
        ref = work.pool.request()
        now = time.monotonic()
        work.pool.stop(ref, why=OutcomeKind.CANCELLED, now=now)
        assert (work.pool.wakes_at(now + 1) or 0) > now + 1, "no busy waiting for it"
        work.until("its loss", lambda: work.told(ref, Lost), ANSWER_SECONDS + 3)
        lost = work.told(ref, Lost)
        assert lost
        assert lost.outcome.kind is OutcomeKind.CANCELLED


def test_a_template_that_grows_is_worn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never computes must not grow: by half and 64 MiB more, and it is replaced."""
    size = 100 * 1024**2
    monkeypatch.setattr(template, "resident_bytes", lambda _pid: size)
    nothing: Any = None
    process = Process(os.getpid(), pidfd=None, ours=False)
    old = Template(number=1, model="m", process=process, lines=nothing, started=0.0, used=0.0)
    assert not old.worn(500, 100.0)
    size = size * 3 // 2 + GROWTH_BYTES + 1
    assert not old.worn(500, 105.0)
    assert old.worn(500, 110.0)
