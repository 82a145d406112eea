"""What must not be forked: a template with threads, a template that has computed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from runner.job.outcomes import OutcomeKind
from runner.pool import Lost
from tests import needs
from tests.pool.shift import shift

pytestmark = needs.linux()


def test_a_template_with_a_thread_refuses_in_words(tmp_path: Path) -> None:
    """An engine that starts a thread when it is loaded must be refused with the cure in words."""
    with shift(tmp_path, engine="tests.engines.threaded") as work:
        ref = work.pool.request()
        work.until("the refusal", lambda: work.told(ref, Lost))
        lost = work.told(ref, Lost)
        assert lost
        assert lost.outcome.kind is OutcomeKind.ENGINE_FAILED
        assert lost.outcome.reason == (
            "the engine runs 2 threads, forking would hang: set start_method = spawn"
        )


def test_the_cure_works(tmp_path: Path) -> None:
    """The same engine with ``start_method = spawn`` must do its job."""
    with shift(tmp_path, engine="tests.engines.threaded", start_method="spawn") as work:
        _, outcome, _ = work.job()
        assert outcome.kind is OutcomeKind.END


TRAP = """
import os, sys
from pathlib import Path
from tests.engines import openmp
engine = openmp.load(sys.argv[1], Path())
if os.fork() == 0:
    engine.prepare("cpu", 2)
    engine.misbehave({})
    os._exit(0)
os.wait()
"""


@contextmanager
def forking(model: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process that loads ``model``, forks, and waits for the fork's first parallel region."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", TRAP, model], env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_openmp_trap() -> None:
    """One parallel region in the template must hang a fork's first; with one thread it must not.

    That it hangs shows that the trap is still there: else the cure could be dropped.
    """
    with forking("cured") as cured, forking("OMP_TRAP") as trapped:
        assert cured.wait(60) == 0
        with pytest.raises(subprocess.TimeoutExpired):
            trapped.wait(4)


def test_the_cure_is_in_the_template(tmp_path: Path) -> None:
    """A real template whose engine computes with one thread must make workers that use two."""
    with shift(tmp_path, engine="tests.engines.openmp", threads=2, slots=1) as work:
        _, outcome, _ = work.job()
        assert outcome.kind is OutcomeKind.END
