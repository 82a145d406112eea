"""The parent side of every worker: templates, standby, deadlines, kills, reaping.

Purpose: ``Pool``. It reports facts (``events``); the dispatcher decides and moves.

    pool = Pool(settings)
    selector.register(pool, EVENT_READ)                # one descriptor for everything
    for event in pool.tick(now): ...                   # now: time.monotonic()
    ref = pool.request(model="small")                  # -> Ready or Lost, later
    pool.order(ref, order, lease_fd=fd, now=now)       # -> Accepted … EndSeen, Finished
    pool.stop(ref, why=OutcomeKind.CANCELLED, now=now) # -> Lost or Finished, with that outcome
    pool.close()                                       # blocks a few seconds at most

Guarantees: see ``events``. Nothing here blocks but ``close``. Requests beyond the free slots wait.
Limits: to be called from the daemon's main thread (PDEATHSIG follows the thread that started the
child), and at least once a second or by ``wakes_at``. What else the daemon starts must stay in the
daemon's session, or it is taken for an orphan.
"""

import time

from runner.config import Settings
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.wire import Order
from runner.pool.care import Law, due
from runner.pool.crew import Crew, orphans
from runner.pool.desk import Desk, Request
from runner.pool.events import Event, Finished, Noted, WorkerRef
from runner.pool.hiring import Hiring
from runner.pool.lines import Ears
from runner.pool.machine import Machine, detect
from runner.pool.member import Worker
from runner.pool.placement import Placement
from runner.pool.probe import Placing
from runner.pool.strays import OrphanSweep
from runner.pool.template import TemplateState
from runner.pool.templates import Templates
from runner.pool.watch import Clock

BLIND_SECONDS = 0.05
"""How often children are looked at where the system does not tell of their end (no pidfd)."""
TURN_SECONDS = 1.0
CLOSE_SECONDS = 3.0
STOPPED = {
    OutcomeKind.CANCELLED: "cancelled",
    OutcomeKind.INTERRUPTED: "the runner stopped it",
}


class Pool:
    """All workers of one daemon."""

    def __init__(self, settings: Settings, *, machine: Machine | None = None) -> None:
        machine = machine or detect()
        self._settings = settings
        self._placing: Placing | None = Placing(settings, machine)
        self._events: list[Event] = []
        self._ears = Ears()
        self._law = Law(
            start_seconds=settings.stall_seconds, grace_seconds=settings.kill_grace_seconds,
            linux=settings.linux_calls and machine.linux,
        )  # fmt: skip
        tell = self._events.append
        self._hiring = Hiring(settings, self._ears)
        self._crew = Crew(law=self._law, tell=tell)
        self._templates = Templates(
            self._hiring, forks=settings.template_forks, load_seconds=settings.stall_seconds,
            hear=self._crew.reported, tell=tell,
        )  # fmt: skip
        self._desk = Desk(
            crew=self._crew, templates=self._templates, hiring=self._hiring,
            idle_seconds=settings.idle_seconds, tell=tell,
        )  # fmt: skip
        self._sweep = OrphanSweep() if self._law.linux else None
        self._last = 0

    def fileno(self) -> int:
        """Return the descriptor that can be read when a ``tick`` is worth its while."""
        return self._ears.fileno()

    @property
    def placement(self) -> Placement | None:
        """Devices, threads, model; None until it is known which devices there are."""
        return self._hiring.placement

    @property
    def slots(self) -> int:
        """How many attempts may run at a time; 0 until placed. Lost ones don't count."""
        lost = sum(worker.written_off and worker.slot is not None for worker in self.workers())
        return self.placement.slots - lost if self.placement else 0

    @property
    def template_state(self) -> str:
        """``none``, ``loading`` or ``ready``."""
        return self._templates.state

    @property
    def templates_started(self) -> int:
        """How many templates were started so far."""
        return self._hiring.templates

    def workers(self) -> tuple[Worker, ...]:
        """Those that live, standbys included."""
        return tuple(self._crew.alive.values())

    def complaints(self) -> list[str]:
        """Return what makes the pool unhealthy, one sentence each."""
        return [
            f"process {worker.pid} survives SIGKILL and holds {worker.key.device}"
            for worker in self.workers()
            if worker.written_off
        ]

    def request(self, *, model: str | None = None, cpu: bool = False) -> WorkerRef:
        """Ask for a worker for ``model`` (default: the placement's), on the CPU if ``cpu``."""
        self._last += 1
        ref = WorkerRef(self._last)
        self._desk.ask(Request(ref, model if model != "auto" else None, cpu))
        self._desk.step(time.monotonic())
        return ref

    def order(self, ref: WorkerRef, order: Order, *, lease_fd: int, now: float) -> None:
        """Give a ready worker its order; its clocks start. The lease stays the caller's too."""
        worker = self._crew.find(ref)
        if worker is None:
            outcome = Outcome(kind=OutcomeKind.INTERRUPTED, reason="the worker was gone")
            self._events.append(Finished(ref=ref, outcome=outcome))
            return
        worker.begin(Clock.start(order, stall_seconds=self._settings.stall_seconds, now=now))
        if not worker.lines.channel.send(order, [lease_fd]):
            reason = "the worker was gone before it had its order"
            worker.disown(OutcomeKind.INTERRUPTED, reason, now=now)

    def stop(self, ref: WorkerRef, *, why: OutcomeKind, now: float) -> None:
        """End a request or a worker; END that was said before wins."""
        reason = STOPPED.get(why, why.value)
        worker = self._crew.find(ref)
        if worker is not None:
            worker.stop(why, reason, now=now, grace=self._law.grace_seconds)
        else:
            self._desk.withdraw(ref, Outcome(kind=why, reason=reason))

    def tick(self, now: float) -> list[Event]:
        """Take one turn: hear, look at the clocks, serve; return what happened since the last."""
        if self._placing is not None:
            self._place(self._placing, now)
        self._crew.hear(now)
        for template in self._templates.step(now):
            self._crew.bereave(template, now)
            failed = template.state is TemplateState.FAILED
            if failed and not self._templates.serves(template.model):
                self._desk.failed(template, now)
        self._crew.step(now, self._templates.alive)
        self._desk.step(now)
        if self._sweep is not None:
            templates = {template.process.pid for template in self._templates.alive.values()}
            if count := self._sweep.sweep(templates | {worker.pid for worker in self.workers()}):
                self._events.append(orphans(count))
        events = list(self._events)
        self._events.clear()
        return events

    def wakes_at(self, now: float) -> float | None:
        """Return when the next ``tick`` is due if nothing happens until then."""
        if self._events:
            return now
        instants = [due(worker, self._law, now) for worker in self.workers()]
        lively = instants or self._templates.alive or self._placing
        if lively or (self._sweep and self._sweep.busy):
            instants.append(now + (TURN_SECONDS if self._law.linux else BLIND_SECONDS))
        if self._desk.idle_at is not None:
            instants.append(self._desk.idle_at)
        return min(instants, default=None)

    def close(self) -> None:
        """End everything and reap it. What is uninterruptible is left to process 1."""
        if self._placing is not None:
            self._placing.close()
            self._placing = None
        start = time.monotonic()
        self._desk.placement = None
        for worker in self.workers():
            worker.stop(OutcomeKind.INTERRUPTED, "the runner closes", now=start, grace=0.0)
        while self._crew.alive or self._templates.alive:
            now = time.monotonic()
            if now >= start + CLOSE_SECONDS:
                break
            self._templates.hang_up_all(now)
            self.tick(now)
            self._ears.select(BLIND_SECONDS)
        for template in self._templates.alive.values():
            template.kill()
        self.tick(time.monotonic())
        self._ears.close()
        if self._sweep:
            self._sweep.close()

    def _place(self, placing: Placing, now: float) -> None:
        """Begin to serve as soon as the devices are known."""
        placement = placing.step(now)
        if placement is None:
            return
        self._placing = None
        self._law.memory_bytes = placement.memory_bytes
        self._hiring.placement = self._desk.placement = placement
        facts = {
            "device": placement.device, "why": placement.why, "slots": placement.slots,
            "threads": placement.threads, "model": placement.model, "method": placement.method,
        }  # fmt: skip
        self._events.append(Noted(word="placed", facts=facts))
