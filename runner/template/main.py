"""A template's life: load the engine once, fork a worker when asked, report each end, go.

Purpose: ``run``; started by exec from the daemon's main thread, in a session of its own.
Guarantees: it never computes and has one thread, asserted before each fork (a second one's locks
would be held for ever in the child); it ignores INT, TERM and HUP, so that a signal to the
daemon's group can't undo a drain; at EOF of its socket, or when its parent has gone, it kills its
workers with their groups and orphans, and ends.
Diagnostics: "failed" with the reason, exit ``WorkerExit.ENGINE``, when the engine can't be loaded.
Limits: Linux only; elsewhere workers are spawned. While the engine loads nothing else is heard,
and the parent's death is fatal at once.
"""

import gc
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from runner.engines import Engine, load
from runner.job.exits import WorkerExit
from runner.job.wire import Spec
from runner.template.link import Link, Request
from runner.template.nest import Nest
from runner.worker import cage, landlock, prctl
from runner.worker.faults import confess
from runner.worker.line import Line
from runner.worker.main import serve

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(spec: Spec, socket_fd: int, parent: int) -> NoReturn:
    """Be a template."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent, signal.SIGKILL)
    prctl.become_subreaper()
    link = Link(socket_fd)
    engine = _loaded(spec, link)
    nest = Nest(link)
    # From here on we always listen: a dead parent is a reason to end the workers in order.
    _die_with(parent, signal.SIGUSR1)
    link.say("ready", pid=os.getpid())
    try:
        while os.getppid() == parent and not link.closed:
            nest.reap()
            for request in link.wait():
                _fork(request, spec=spec, engine=engine, link=link, nest=nest)
    finally:
        nest.destroy()
    os._exit(WorkerExit.DONE)


def threads() -> int:
    """Return how many threads this process has."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _die_with(parent: int, number: int) -> None:
    prctl.die_with_parent(number)
    if os.getppid() != parent:
        os._exit(WorkerExit.ORPHAN)


def _loaded(spec: Spec, link: Link) -> Engine:
    try:
        engine = load(spec.engine).load(spec.model, Path(spec.model_dir))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is confessed
        fault = confess(error)
        if fault.exit_code != WorkerExit.ENGINE:
            traceback.print_exception(error)
        _fail(link, fault.reason)
    landlock.survey(spec)
    _assert_one_thread(link)
    gc.collect()
    gc.freeze()  # a worker's collector must not write to, and so copy, what is loaded here
    return engine


def _assert_one_thread(link: Link) -> None:
    if (count := threads()) > 1:
        _fail(
            link, f"the engine runs {count} threads, forking would hang: set start_method = spawn"
        )


def _fail(link: Link, reason: str) -> NoReturn:
    link.say("failed", reason=reason)
    sys.stderr.flush()
    os._exit(WorkerExit.ENGINE)


def _fork(request: Request, *, spec: Spec, engine: Engine, link: Link, nest: Nest) -> None:
    """Make one worker. The job's descriptors stay with it alone."""
    _assert_one_thread(link)
    sys.stdout.flush()
    template = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        link.say("unforked", worker=request.worker, reason=f"cannot fork: {error.strerror}")
        pid = -1
    if pid == 0:
        _work(request, template, spec=spec, engine=engine)
    os.close(request.socket_fd)
    os.close(request.output_fd)
    if pid > 0:
        nest.add(pid, request.worker)
        pidfd = os.pidfd_open(pid)  # before anybody can reap it: the number can't be another's
        link.say("forked", fds=[pidfd], worker=request.worker, pid=pid)
        os.close(pidfd)


def _work(request: Request, template: int, *, spec: Spec, engine: Engine) -> NoReturn:
    """Be a worker from here on."""
    try:
        cage.set_output(request.output_fd)
        facts = cage.enter(parent=template, keep=[request.socket_fd], linux=True)
        line = Line(socket.socket(fileno=request.socket_fd))
        serve(engine, line, spec, facts=facts)
    except BaseException as error:  # noqa: BLE001 - no frame of the template's may go on
        traceback.print_exception(error)
        sys.stderr.flush()
    finally:
        os._exit(WorkerExit.ORPHAN)
