"""How children begin: a template by exec, a worker forked from one or by exec.

Purpose: ``Hiring``; what a forked and a spawned worker differ in ends here.
Diagnostics: ``OSError`` when there are no descriptors, processes or memory left.
"""

from pathlib import Path

from runner.config import Settings
from runner.config.environment import child_environment
from runner.job.errors import EngineError
from runner.job.wire import Spec
from runner.pool.lines import Ears, Lines, connect
from runner.pool.member import Key, Worker
from runner.pool.placement import CPU, Placement
from runner.pool.processes import Exit, Process, start
from runner.pool.template import Template

STANDBY = "standby"


class Hiring:
    """Makes children; numbers are never used twice."""

    def __init__(self, settings: Settings, ears: Ears) -> None:
        self._settings = settings
        self._ears = ears
        self._environment = child_environment(settings)
        self._last = 0
        self.templates = 0
        """How many were started so far."""
        self.placement: Placement | None = None

    def template(self, model: str, *, now: float) -> Template:
        """Start a template; it says ready, or failed, later."""
        self.templates += 1
        process, lines = self._start("runner.template", self._spec(Key(model, CPU)), trusted=True)
        return Template(
            number=self.templates, model=model, process=process, lines=lines, started=now, used=now
        )

    def fork(self, key: Key, template: Template, *, now: float, standby: bool = False) -> Worker:
        """Ask ``template`` for a worker; its process is told later."""
        self._last += 1
        with connect(self._ears) as (lines, socket_fd, output_fd):
            worker = Worker(
                number=self._last, key=key, started=now,
                how=STANDBY if standby else "fork", template=template.number, lines=lines,
            )  # fmt: skip
            if not template.fork(self._last, (socket_fd, output_fd)):
                worker.exit, worker.template_died = Exit(), True
        return worker

    def spawn(self, key: Key, *, now: float, standby: bool = False) -> Worker:
        """Start a worker by exec."""
        self._last += 1
        process, lines = self._start("runner.worker", self._spec(key))
        return Worker(
            number=self._last, key=key, started=now,
            how=STANDBY if standby else "spawn", process=process, lines=lines,
        )  # fmt: skip

    def _start(self, module: str, spec: Spec, *, trusted: bool = False) -> tuple[Process, Lines]:
        with connect(self._ears, trusted=trusted) as (lines, socket_fd, output_fd):
            process = start(
                module, spec, socket_fd=socket_fd, output_fd=output_fd,
                environment=self._environment,
            )  # fmt: skip
            lines.listen(process.pidfd)
        return process, lines

    def _spec(self, key: Key) -> Spec:
        """Return what a child of ``key`` is made for."""
        placement, settings = self.placement, self._settings
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
            worker_paths=tuple(
                str(Path(path).expanduser().absolute()) for path in settings.worker_paths
            ),
        )
