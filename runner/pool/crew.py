"""The workers that live: what they say, how each end is noticed and told once.

Purpose: ``Crew``.
Guarantees: an end is reported when the process has gone, never at the end of its output pipe; what
a dead worker had said before is read first. A process that survives SIGKILL is written off.
Limits: a forked worker's end is its template's to report; if that stays silent for
``SILENCE_SECONDS`` after the process has gone, the template is the one that is ended.
"""

from collections.abc import Callable

from runner.job.outcomes import OutcomeKind
from runner.pool.care import Law, care
from runner.pool.ears import Ears
from runner.pool.events import Event, Finished, Killed, Lost, SlotBack, SlotLost, WorkerRef
from runner.pool.hearing import announce, listen
from runner.pool.member import Worker
from runner.pool.processes import Exit, Process
from runner.pool.slots import Slots
from runner.pool.template import Template

SILENCE_SECONDS = 2.0
WRITE_OFF_SECONDS = 5.0
NOBODY_KNOWS = Exit()


class Crew:
    """All workers that live."""

    def __init__(
        self, *, ears: Ears, slots: Slots, law: Law, tell: Callable[[Event], None]
    ) -> None:
        self._ears = ears
        self._slots = slots
        self._law = law
        self._tell = tell
        self.alive: dict[int, Worker] = {}
        self.standby_failed_at: float | None = None
        """When a standby last ended by itself, before anybody wanted it."""

    def join(self, worker: Worker) -> None:
        """Listen to a new worker."""
        self.alive[worker.number] = worker
        self._ears.add(worker.channel, lambda now: self._listen(worker, now))
        self._ears.add_drain(worker.output)
        if worker.process is not None and worker.process.pidfd is not None:
            self._ears.add(worker.process.pidfd, lambda _now: None)

    def turn(self) -> None:
        """A new turn: whoever was told of a ready worker has had the time to order."""
        for worker in self.alive.values():
            worker.fresh = False

    def find(self, ref: WorkerRef) -> Worker | None:
        """Return the worker that ``ref`` has got."""
        return next((w for w in self.alive.values() if w.ref == ref), None)

    # -- what templates say of them -------------------------------------------------------------

    def forked(self, number: int, process: Process, now: float) -> None:
        """A template has made it."""
        worker = self.alive.get(number)
        if worker is None:
            process.close()
            return
        worker.process = process
        if worker.ending is not None:
            worker.ending.kill_at = now  # it is unwanted already: no TERM reached it
        announce(worker, self._tell)

    def unforked(self, number: int, reason: str, now: float) -> None:
        """A template could not make it."""
        if worker := self.alive.get(number):
            worker.disown(OutcomeKind.ENGINE_FAILED, reason, now=now)
            worker.exit = NOBODY_KNOWS

    def exited(self, number: int, gone: Exit) -> None:
        """A template has reaped it."""
        worker = self.alive.get(number)
        if worker is not None and worker.exit is None:
            worker.exit = gone
            if worker.process is not None:
                worker.process.exit = gone

    def bereave(self, template: Template, now: float) -> None:
        """A template died: its workers go with it, nobody is charged."""
        for number in template.workers:
            worker = self.alive.get(number)
            if worker is None:
                continue
            worker.template_died = True
            worker.stop(None, "", now=now, grace=0.0)
            if worker.process is None:
                worker.exit = worker.exit or NOBODY_KNOWS

    def _listen(self, worker: Worker, now: float) -> None:
        listen(worker, worker.channel.read(), now, self._tell)
        if worker.channel.closed:
            self._ears.remove(worker.channel)
            worker.over_since = worker.over_since or now

    # -- their clocks and their ends ------------------------------------------------------------

    def step(self, now: float, templates: dict[int, Template]) -> None:
        """Apply the clocks; report those that have gone."""
        for worker in list(self.alive.values()):
            care(worker, self._law, now)
            self._tell_kills(worker)
            self._look(worker, templates, now)
            if worker.exit is not None and not worker.fresh:
                self._finish(worker, templates, now)
            elif worker.unkillable(now, WRITE_OFF_SECONDS) and not worker.written_off:
                self._write_off(worker, now)

    def _look(self, worker: Worker, templates: dict[int, Template], now: float) -> None:
        """See whether it has ended, where that is ours to see."""
        process = worker.process
        if process is None or worker.exit is not None:
            return
        if process.ours or worker.template_died:
            worker.exit = process.poll()
        elif process.gone():
            worker.gone_since = worker.gone_since or now
            template = templates.get(worker.template or 0)
            if template and now - worker.gone_since >= SILENCE_SECONDS:
                template.kill("the template does not answer")

    def _finish(self, worker: Worker, templates: dict[int, Template], now: float) -> None:
        listen(worker, worker.channel.drain(), now, self._tell)
        worker.output.read()
        if not worker.written_off:
            self._report(worker, now)
        elif worker.ref is not None:
            self._tell(SlotBack(ref=worker.ref))
        if worker.slot is not None:
            self._slots.give_back(worker.slot)
        if template := templates.get(worker.template or 0):
            template.workers.discard(worker.number)
        if worker.ref is None and worker.ending is None:
            self.standby_failed_at = now
        del self.alive[worker.number]
        process = worker.process
        self._ears.remove(worker.channel, worker.output, process.pidfd if process else None)
        worker.close()

    def _write_off(self, worker: Worker, now: float) -> None:
        worker.written_off = True
        if worker.slot is not None:
            self._slots.lose(worker.slot)
        self._report(worker, now)
        if worker.ref is not None:
            self._tell(SlotLost(ref=worker.ref, pid=worker.pid))

    def _report(self, worker: Worker, now: float) -> None:
        if worker.ref is None:
            return
        outcome = worker.outcome(now)
        if worker.clock is None:
            self._tell(Lost(ref=worker.ref, outcome=outcome))
        else:
            self._tell(Finished(ref=worker.ref, outcome=outcome))

    def _tell_kills(self, worker: Worker) -> None:
        if worker.ref is None:
            worker.notes.clear()
            return
        why = worker.ending.reason if worker.ending else ""
        for name in worker.notes:
            self._tell(Killed(ref=worker.ref, pid=worker.pid, signal=name, why=why))
        worker.notes.clear()
