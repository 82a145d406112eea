"""How workers begin: forked from a template, or started by exec.

Purpose: ``Hiring.fork`` and ``Hiring.spawn`` -> ``Worker``; what a forked and a spawned worker
differ in ends here.
Diagnostics: ``OSError`` when there are no descriptors, processes or memory left.
"""

import os
from collections.abc import Callable, Mapping

from runner.config import Settings
from runner.job.errors import EngineError
from runner.job.wire import Spec
from runner.pool.lines import connect
from runner.pool.member import Key, Worker
from runner.pool.placement import CPU, Placement
from runner.pool.processes import Exit, start
from runner.pool.template import Template

STANDBY = "standby"


class Hiring:
    """Makes workers; numbers are never used twice."""

    def __init__(self, *, spec_of: Callable[[Key], Spec], environment: Mapping[str, str]) -> None:
        self._spec_of = spec_of
        self._environment = environment
        self._last = 0

    def fork(self, key: Key, template: Template, *, now: float, standby: bool = False) -> Worker:
        """Ask ``template`` for a worker; its process is told later."""
        self._last += 1
        with connect() as lines:
            worker = Worker(
                number=self._last, key=key, why=self._spec_of(key).why, started=now,
                how=STANDBY if standby else "fork", template=template.number,
                channel=lines.channel, output=lines.output,
            )  # fmt: skip
            if not template.fork(self._last, (lines.socket_fd, lines.output_fd)):
                worker.exit, worker.template_died = Exit(), True
        return worker

    def spawn(self, key: Key, *, now: float, standby: bool = False) -> Worker:
        """Start a worker by exec."""
        self._last += 1
        spec = self._spec_of(key)
        with connect() as lines:
            process = start(
                "runner.worker",
                [spec.model_dump_json(), str(lines.socket_fd), str(os.getpid())],
                environment=self._environment, fds=[lines.socket_fd], output=lines.output_fd,
                linux=spec.linux_calls,
            )  # fmt: skip
        return Worker(
            number=self._last, key=key, why=spec.why, started=now,
            how=STANDBY if standby else "spawn", process=process,
            channel=lines.channel, output=lines.output,
        )  # fmt: skip


def spec_for(settings: Settings, placement: Placement | None, key: Key) -> Spec:
    """Return what a template or worker of ``key`` is made for."""
    if placement is None:
        raise EngineError("no worker can be made before the devices are known")
    fallen_back = key.device == CPU and placement.accelerator
    return Spec(
        engine=settings.engine,
        model=key.model,
        model_dir=str(settings.model_dir.expanduser().absolute()),
        device=key.device,
        why="the accelerator failed this job before" if fallen_back else placement.why,
        threads=placement.threads,
        linux_calls=placement.linux,
        memory_bytes=placement.memory_bytes,
        spool=str(settings.spool.absolute()),
        worker_paths=settings.worker_paths,
    )
