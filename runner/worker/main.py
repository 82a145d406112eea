"""A worker's life: cage, prepare, ready, one order, the job, END or a confession, exit.

Purpose: ``serve`` (the same for a forked and a spawned worker) and ``spawned``.
Guarantees: one order, then the process ends, always by ``os._exit``: nothing of the engine's own
clean-up can undo a success (PyTorch crashes at exit on some platforms, facts).
Exit codes: ``job.exits.WorkerExit``; a confession goes over the socket before a reserved one.
"""

import os
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from runner.engines import Engine, load
from runner.job.exits import WorkerExit
from runner.job.wire import Spec
from runner.worker import cage, landlock
from runner.worker.faults import confess
from runner.worker.line import Line
from runner.worker.perform import perform
from runner.worker.pulse import Pulse
from runner.worker.timer import Timer


def spawned(spec: Spec, socket_fd: int, parent: int) -> NoReturn:
    """Be a worker that was started by exec."""
    facts = cage.enter(parent=parent, keep=[socket_fd], linux=spec.linux_calls)
    line = Line(socket.socket(fileno=socket_fd))
    try:
        engine = load(spec.engine).load(spec.model, Path(spec.model_dir))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is confessed
        _fail(line, error)
    serve(engine, line, spec, facts=facts)


def serve(engine: Engine, line: Line, spec: Spec, *, facts: tuple[str, ...]) -> NoReturn:
    """Prepare, say ready, do one job, end."""
    try:
        engine.prepare(spec.device, spec.threads)
        if spec.memory_bytes and spec.linux_calls and spec.device == "cpu":
            cage.limit_memory(spec.memory_bytes)
        if spec.linux_calls:
            landlock.survey(spec)
        line.say("ready", pid=os.getpid(), cage=facts)
        order, _lease = line.order()
        pulse = Pulse(line, Timer(order))
        if spec.linux_calls:
            landlock.confine(order, spec)
        perform(order, engine=engine, spec=spec, report=pulse)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is confessed
        _fail(line, error)
    line.say("end")
    _leave(WorkerExit.DONE)


def _fail(line: Line, error: BaseException) -> NoReturn:
    fault = confess(error)
    if fault.exit_code not in {WorkerExit.REFUSED, WorkerExit.ENGINE}:
        with suppress(Exception):
            traceback.print_exception(error)
    line.say(
        "refused", kind=fault.kind, code=fault.code, reason=fault.reason, foreign=fault.foreign
    )
    _leave(fault.exit_code)


def _leave(code: int) -> NoReturn:
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
