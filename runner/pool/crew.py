"""The workers that live: what they say, how each end is noticed and told once.

Purpose: ``Crew``.
Guarantees: an end is reported when the process has gone, never at the end of its output pipe; what
a dead worker had said before is read first. A process that survives SIGKILL is written off: its
slot stays taken for as long as it lives.
Limits: a forked worker's beginning and end are its template's to report. One that has not answered
a request after ``ANSWER_SECONDS``, or is silent for ``SILENCE_SECONDS`` after a worker has gone, is
ended, and its workers with it; one that never answered any is a fault of the engine.
"""

import os
from collections.abc import Callable
from typing import Any

from runner.job.outcomes import OutcomeKind
from runner.pool.care import Law, care
from runner.pool.events import Event, Finished, Killed, Lost, Noted, WorkerRef
from runner.pool.hearing import announce, listen
from runner.pool.member import Worker
from runner.pool.processes import Exit, Process
from runner.pool.template import Template

ANSWER_SECONDS = 5.0
"""How long a fork may take at most; a template forks in milliseconds, or is stopped or hangs."""
SILENCE_SECONDS = 2.0
WRITE_OFF_SECONDS = 5.0


class Crew:
    """All workers that live."""

    def __init__(self, *, law: Law, tell: Callable[[Event], None]) -> None:
        self._law = law
        self._tell = tell
        self.alive: dict[int, Worker] = {}
        self.standby_failed_at: float | None = None
        """When a standby last ended by itself, before anybody wanted it."""

    def find(self, ref: WorkerRef) -> Worker | None:
        """Return the worker that ``ref`` has got."""
        return next((w for w in self.alive.values() if w.ref == ref), None)

    def hear(self, now: float) -> None:
        """Read what they say and print. Whoever was told of a ready one has had time to order."""
        for worker in self.alive.values():
            worker.fresh = False
            listen(worker, worker.lines.read(), now, self._tell)
            if worker.lines.channel.closed:
                worker.over_since = worker.over_since or now

    # -- what templates say of them -------------------------------------------------------------

    def reported(self, template: Template, message: dict[str, Any], now: float) -> None:
        """A template tells of a worker; the descriptors that came are taken, wanted or not."""
        worker = self.alive.get(int(message.get("worker") or 0))
        fds = template.lines.channel.take_fds(int(message.get("fds") or 0))
        match message.get("event"):
            case "forked" if worker:
                template.answered = True
                pidfd = fds.pop(0) if fds else None
                worker.process = Process(int(message["pid"]), pidfd=pidfd, ours=False)
                if worker.ending is not None:
                    worker.ending.kill_at = now  # it is unwanted already: no TERM reached it
                announce(worker, self._tell)
            case "exited" if worker:
                worker.went(Exit.of(int(message["status"]), int(message["max_rss"])))
            case "unforked" if worker:
                reason = str(message.get("reason"))
                worker.disown(OutcomeKind.ENGINE_FAILED, reason, now=now)
                worker.went(Exit())
            case "orphans":
                self._tell(orphans(int(message["count"])))
        for fd in fds:
            os.close(fd)

    def bereave(self, template: Template, now: float) -> None:
        """A template died: its workers go with it, nobody is charged."""
        for worker in map(self.alive.get, template.workers):
            if worker is not None:
                worker.template_died = True
                worker.stop(None, "", now=now, grace=0.0)
                if worker.process is None:
                    worker.went(Exit())

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
                worker.written_off = True
                self._report(worker, now)
                if worker.slot is not None:
                    self._tell(Noted(word="slot_lost", level="error", facts={"pid": worker.pid}))

    def _look(self, worker: Worker, templates: dict[int, Template], now: float) -> None:
        """See whether it has ended, where that is ours to see."""
        process, template = worker.process, templates.get(worker.template or 0)
        if worker.exit is not None:
            return
        if process is None:
            if template and now - worker.started >= min(ANSWER_SECONDS, self._law.start_seconds):
                _end_silent(template, worker, now)
        elif process.ours or worker.template_died:
            worker.exit = process.poll()
        elif process.gone():
            worker.gone_since = worker.gone_since or now
            if template and now - worker.gone_since >= SILENCE_SECONDS:
                _end_silent(template, worker, now)

    def _finish(self, worker: Worker, templates: dict[int, Template], now: float) -> None:
        listen(worker, worker.lines.last_words(), now, self._tell)
        if not worker.written_off:
            self._report(worker, now)
        if template := templates.get(worker.template or 0):
            template.workers.discard(worker.number)
        if worker.ref is None and worker.ending is None:
            self.standby_failed_at = now
        del self.alive[worker.number]
        worker.close()

    def _report(self, worker: Worker, now: float) -> None:
        if worker.ref is not None:
            kind = Lost if worker.clock is None else Finished
            self._tell(kind(ref=worker.ref, outcome=worker.outcome(now)))

    def _tell_kills(self, worker: Worker) -> None:
        why = worker.ending.reason if worker.ending else ""
        for name in worker.notes:
            if worker.ref is not None:
                self._tell(Killed(ref=worker.ref, pid=worker.pid, signal=name, why=why))
        worker.notes.clear()


def _end_silent(template: Template, worker: Worker, now: float) -> None:
    """End a template that keeps a worker from us; ``bereave`` follows when it has gone."""
    template.kill("the template does not answer")
    if not template.answered:
        worker.disown(OutcomeKind.ENGINE_FAILED, template.reason, now=now)


def orphans(count: int) -> Noted:
    """Return the note that orphans were killed, here or by a template."""
    return Noted(word="orphans_killed", level="warning", facts={"count": count})
