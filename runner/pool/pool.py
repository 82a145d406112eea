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

import select
import time

from runner.config import Settings
from runner.config.environment import child_environment
from runner.job.outcomes import Outcome, OutcomeKind
from runner.job.wire import Order, Spec
from runner.pool.care import Law, due
from runner.pool.crew import Crew
from runner.pool.desk import Desk, Request
from runner.pool.ears import Ears
from runner.pool.events import NOBODY, Event, Finished, Orphans, Placed, WorkerRef
from runner.pool.hiring import Hiring, spec_for
from runner.pool.machine import Machine, detect
from runner.pool.member import Key
from runner.pool.placement import CPU, Placement
from runner.pool.probe import Placing
from runner.pool.slots import Slots
from runner.pool.strays import OrphanSweep, become_subreaper
from runner.pool.switchboard import switchboard
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
        linux = settings.linux_calls and machine.linux
        self._settings = settings
        self._placement: Placement | None = None
        self._placing = Placing(settings, machine)
        self._events: list[Event] = []
        self._ears = Ears()
        self._slots = Slots()
        self._law = Law(
            start_seconds=settings.stall_seconds, grace_seconds=settings.kill_grace_seconds,
            linux=linux,
        )  # fmt: skip

        def spec_of(key: Key) -> Spec:
            return spec_for(settings, self._placement, key)

        tell, environment = self._events.append, child_environment(settings)
        self._crew = Crew(ears=self._ears, slots=self._slots, law=self._law, tell=tell)
        self._templates = Templates(
            ears=self._ears, spec_of=lambda model: spec_of(Key(model, CPU)),
            environment=environment, forks=settings.template_forks,
            load_seconds=settings.stall_seconds, hear=switchboard(self._crew, tell), tell=tell,
        )  # fmt: skip
        self._desk = Desk(
            slots=self._slots, crew=self._crew, templates=self._templates,
            hiring=Hiring(spec_of=spec_of, environment=environment),
            idle_seconds=settings.idle_seconds, tell=tell,
        )  # fmt: skip
        self._sweep = OrphanSweep() if linux else None
        if linux:
            become_subreaper()
        self._last = NOBODY.number

    def fileno(self) -> int:
        """Return the descriptor that can be read when a ``tick`` is worth its while."""
        return self._ears.fileno()

    @property
    def placement(self) -> Placement | None:
        """Devices, threads, model; None until it is known which devices there are."""
        return self._placement

    @property
    def slots(self) -> int:
        """How many attempts may run at a time; 0 until placed."""
        return len(self._slots)

    @property
    def template_state(self) -> str:
        """``none``, ``loading`` or ``ready``."""
        return self._templates.state

    @property
    def templates_started(self) -> int:
        """How many templates were started so far."""
        return self._templates.started

    def complaints(self) -> list[str]:
        """Return what makes the pool unhealthy, one sentence each."""
        return [
            f"process {worker.pid} survives SIGKILL and holds a slot"
            for worker in self._crew.alive.values()
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
        if not worker.channel.send(order, [lease_fd]):
            reason = "the worker was gone before it had its order"
            worker.disown(OutcomeKind.INTERRUPTED, reason, now=now)

    def stop(self, ref: WorkerRef, *, why: OutcomeKind, now: float) -> None:
        """End a request or a worker; END that was said before wins."""
        reason = STOPPED.get(why, why.value)
        if self._desk.withdraw(ref, Outcome(kind=why, reason=reason)):
            return
        worker = self._crew.find(ref)
        if worker is not None:
            worker.stop(why, reason, now=now, grace=self._settings.kill_grace_seconds)

    def tick(self, now: float) -> list[Event]:
        """Take one turn: hear, look at the clocks, serve; return what happened since the last."""
        if self._placement is None:
            self._place(now)
        self._crew.turn()
        self._ears.hear(now)
        for template in self._templates.step(now):
            self._crew.bereave(template, now)
            failed = template.state is TemplateState.FAILED
            if failed and not self._templates.serves(template.model):
                self._desk.failed(template, now)
        self._crew.step(now, self._templates.alive)
        self._desk.step(now)
        self._sweep_orphans()
        events = list(self._events)
        self._events.clear()
        return events

    def wakes_at(self, now: float) -> float | None:
        """Return when the next ``tick`` is due if nothing happens until then."""
        if self._events:
            return now
        instants = [due(worker, self._law, now) for worker in self._crew.alive.values()]
        lively = instants or self._templates.alive or self._placement is None
        if lively or (self._sweep and self._sweep.busy):
            instants.append(now + (TURN_SECONDS if self._law.linux else BLIND_SECONDS))
        if self._desk.idle_at is not None:
            instants.append(self._desk.idle_at)
        return min(instants, default=None)

    def close(self) -> None:
        """End everything and reap it. What is uninterruptible is left to process 1."""
        self._placing.close()
        start = time.monotonic()
        self._desk.close()
        for worker in self._crew.alive.values():
            worker.stop(OutcomeKind.INTERRUPTED, "the runner closes", now=start, grace=0.0)
        while self._crew.alive or self._templates.alive:
            now = time.monotonic()
            if now >= start + CLOSE_SECONDS:
                break
            self._templates.hang_up_all(now)
            self.tick(now)
            select.select([self._ears], [], [], BLIND_SECONDS)
        for template in self._templates.alive.values():
            template.kill()
        self.tick(time.monotonic())
        self._ears.close()
        if self._law.linux:
            become_subreaper(on=False)

    def _place(self, now: float) -> None:
        """Open the slots as soon as the devices are known."""
        placement = self._placing.step(now)
        if placement is None:
            return
        self._placement = placement
        self._law.memory_bytes = placement.memory_bytes
        self._slots.open(placement.devices)
        self._desk.open(placement)
        self._events.append(Placed(placement=placement))

    def _sweep_orphans(self) -> None:
        if self._sweep is None:
            return
        templates = {template.process.pid for template in self._templates.alive.values()}
        count = self._sweep.sweep(templates | {w.pid for w in self._crew.alive.values()})
        if count:
            self._events.append(Orphans(count=count))
