"""Who gets which worker: requests, slots, standbys, scale to zero.

Purpose: ``Desk``: gives each request a parked worker of its key, or has one made.
Guarantees: requests are served in order, one slot each, and a slot is taken for as long as its
worker lives; a standby is started only after a worker of its key was wanted, and not again for
``RETRY_SECONDS`` after one failed by itself; after ``idle_seconds`` without work nothing is left,
and no memory of any device held.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runner.job.outcomes import Outcome, OutcomeKind
from runner.pool.crew import Crew
from runner.pool.events import Event, Lost, WorkerRef
from runner.pool.hearing import announce
from runner.pool.hiring import Hiring
from runner.pool.member import Key, Worker
from runner.pool.placement import CPU, FORK, SPAWN, Placement
from runner.pool.template import Template, TemplateState
from runner.pool.templates import Templates

RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody waits for a worker."""

    ref: WorkerRef
    model: str | None
    """None is the placement's."""
    cpu: bool


class Desk:
    """Matches requests with workers."""

    def __init__(
        self, *, crew: Crew, templates: Templates, hiring: Hiring, idle_seconds: float,
        tell: Callable[[Event], None],
    ) -> None:  # fmt: skip
        self.placement: Placement | None = None
        """Nobody is served while it is None: not placed yet, or closing."""
        self._crew = crew
        self._templates = templates
        self._hiring = hiring
        self._idle_seconds = idle_seconds
        self._tell = tell
        self._waiting: list[Request] = []
        self._wanted: list[Key] = []
        """Keys of late, the newest first: what standbys are kept for."""
        self._busy_at: float | None = None

    def ask(self, request: Request) -> None:
        """Queue a request."""
        self._waiting.append(request)

    def withdraw(self, ref: WorkerRef, outcome: Outcome) -> bool:
        """Take back a request that has no worker yet; return whether there was one."""
        found = [request for request in self._waiting if request.ref == ref]
        for request in found:
            self._lose(request, outcome)
        return bool(found)

    @property
    def idle_at(self) -> float | None:
        """When everything is let go, if nothing happens."""
        return None if self._busy_at is None else self._busy_at + self._idle_seconds

    def step(self, now: float) -> None:
        """Serve whom we can; keep standbys; let go when idle."""
        placement = self.placement
        if placement is None:
            return
        for request in list(self._waiting):
            self._serve(request, placement, now)
        if self._waiting or any(worker.ref for worker in self._crew.alive.values()):
            self._busy_at = now
        self._keep_standbys(placement, now)
        if self.idle_at is not None and now >= self.idle_at:
            self._let_go(now)

    def failed(self, template: Template, now: float) -> None:
        """A template could not load: whoever waits for its model waits in vain."""
        self._crew.standby_failed_at = now
        outcome = Outcome(kind=OutcomeKind.ENGINE_FAILED, reason=template.reason)
        placement = self.placement
        if placement is None:
            return
        for request in list(self._waiting):
            same = (request.model or placement.model) == template.model
            if same and _method(request, placement) == FORK:
                self._lose(request, outcome)

    def _serve(self, request: Request, placement: Placement, now: float) -> None:
        """Give it a worker, if there is a slot; it stays in the queue while a template loads."""
        taken = {worker.slot for worker in self._crew.alive.values()}
        slot = next((n for n in range(placement.slots) if n not in taken), None)
        if slot is None:
            return
        key = Key(request.model or placement.model, CPU if request.cpu else placement.devices[slot])
        try:
            worker = self._parked(key) or self._hire(key, _method(request, placement), now)
        except OSError as error:
            place = f": {error.filename}" if error.filename else ""
            reason = f"no worker can be started: {error.strerror}{place}"
            self._lose(request, Outcome(kind=OutcomeKind.ENGINE_FAILED, reason=reason))
            return
        if worker is not None:
            self._waiting.remove(request)
            worker.ref, worker.slot = request.ref, slot
            self._wanted = [key, *(other for other in self._wanted if other != key)]
            announce(worker, self._tell)

    def _hire(self, key: Key, method: str, now: float, *, standby: bool = False) -> Worker | None:
        """Return a new worker; None while its template loads."""
        if method != FORK:
            worker = self._hiring.spawn(key, now=now, standby=standby)
        else:
            template = self._templates.get(key.model, now)
            if template.state is not TemplateState.READY:
                return None
            worker = self._hiring.fork(key, template, now=now, standby=standby)
        self._crew.alive[worker.number] = worker
        return worker

    def _parked(self, key: Key) -> Worker | None:
        """Return a standby of ``key``, one that is ready before one that is not."""
        free = [w for w in self._crew.alive.values() if w.parked and w.key == key]
        return min(free, key=lambda worker: not worker.waiting, default=None)

    def _keep_standbys(self, placement: Placement, now: float) -> None:
        count, devices = placement.standby, set(placement.devices)
        kept = [key for key in self._wanted if key.device in devices][: len(devices)]
        parked = [worker for worker in self._crew.alive.values() if worker.parked]
        for worker in parked:
            if worker.key not in kept:
                worker.stop(OutcomeKind.INTERRUPTED, "not needed any more", now=now, grace=1.0)
        # One that can't come up must not be tried for ever: nobody waits for it.
        failed = self._crew.standby_failed_at
        if self._waiting or (failed is not None and now < failed + RETRY_SECONDS):
            return
        for key in kept:
            if sum(worker.key == key for worker in parked) < count:
                try:
                    self._hire(key, placement.method, now, standby=True)
                except OSError:
                    self._crew.standby_failed_at = now

    def _let_go(self, now: float) -> None:
        self._busy_at = None
        self._wanted.clear()
        for worker in self._crew.alive.values():
            if worker.parked:
                worker.stop(OutcomeKind.INTERRUPTED, "nothing to do", now=now, grace=1.0)
        self._templates.retire_all()

    def _lose(self, request: Request, outcome: Outcome) -> None:
        self._waiting.remove(request)
        self._tell(Lost(ref=request.ref, outcome=outcome))


def _method(request: Request, placement: Placement) -> str:
    """A fall-back to the CPU is one attempt: not worth a template."""
    return SPAWN if request.cpu and placement.accelerator else placement.method
