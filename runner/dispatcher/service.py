"""``run``: the daemon from start to stop.

Purpose: opens the rooms, turns the wheel, closes the rooms.
Guarantees: one runner of a name on a spool; the exit code says how it went (CommandExit); a
fault on our own state directories ends the daemon with a sentence.
Limits: must be called from the main thread: workers die with the thread that started them.
"""

import selectors
from typing import Protocol

from runner import spool
from runner.config import Settings, slips
from runner.dispatcher.brakes import Brakes
from runner.dispatcher.clock import this_moment
from runner.dispatcher.rooms import Rooms
from runner.dispatcher.told import Told
from runner.dispatcher.turn import Dispatcher
from runner.dispatcher.uploads import Uploads
from runner.dispatcher.waiting import Waiting
from runner.inbox import Scanner, open_watcher
from runner.job.exits import CommandExit
from runner.pool import Pool
from runner.telemetry.log import Log, configure, logger

MAX_SLEEP_SECONDS = 1.0


class Stop(Protocol):
    """How the command line tells us to stop: a descriptor to sleep on and two flags."""

    def fileno(self) -> int:
        """Return a descriptor that is readable once a stop was asked for."""

    def drain(self) -> None:
        """Empty the descriptor."""

    @property
    def requested(self) -> bool:
        """Finish what runs, then stop."""

    @property
    def impatient(self) -> bool:
        """Stop at once."""


def run(settings: Settings, *, stop: Stop, once: bool = False) -> CommandExit:
    """Run a runner on ``settings.spool`` until it is stopped (or, ``once``, out of work)."""
    configure(settings.log_format)
    log = logger()
    layout = spool.Layout(settings.spool.absolute())
    spool.prepare(layout)
    lock = spool.RunnerLock.acquire(layout, settings.runner_name)
    if lock is None:
        log.error(
            "refused",
            reason=f"a runner named {settings.runner_name!r} is already at work on this spool",
        )
        return CommandExit.BUSY
    try:
        rooms = _open(settings, layout, log)
        log.info("opened", spool=str(layout.root), runner=settings.runner_name)
        for variable, likely in slips().items():
            log.warning("ignored", variable=variable, reason=f"no setting; is {likely} meant?")
        return _Wheel(rooms, stop, once=once).turn()
    finally:
        lock.close()


def _open(settings: Settings, layout: spool.Layout, log: Log) -> Rooms:
    watcher = open_watcher(layout.inbox, settings)
    return Rooms(
        layout=layout,
        settings=settings,
        publish_law=spool.PublishLaw.of(settings),
        pool=Pool(settings),
        watcher=watcher,
        scanner=Scanner(
            layout.inbox, layout.staging, settings, Uploads(layout).known, watcher=watcher
        ),
        waiting=Waiting(),
        brakes=Brakes(log),
        told=Told(log),
        log=log,
    )


class _Wheel:
    """Sleeps until something is worth a turn, then takes it."""

    def __init__(self, rooms: Rooms, stop: Stop, *, once: bool) -> None:
        self._rooms = rooms
        self._stop = stop
        self._once = once
        self._dispatcher = Dispatcher(rooms, this_moment())
        self._selector = selectors.DefaultSelector()
        for source in (stop, rooms.watcher, rooms.pool):
            self._selector.register(source, selectors.EVENT_READ)

    def turn(self) -> CommandExit:
        """Turn until the end; return the exit code."""
        dispatcher = self._dispatcher
        try:
            while True:
                now = this_moment()
                dispatcher.tick(now)
                if self._stop.requested:
                    dispatcher.drain(now)
                if self._stop.impatient:
                    dispatcher.interrupt(now)
                if dispatcher.drained or (self._once and dispatcher.exhausted(now)):
                    return self._result()
                self._sleep(dispatcher.wakes_at(this_moment()))
        finally:
            self._close()

    def _sleep(self, until: float) -> None:
        seconds = min(max(until - this_moment().mono, 0.0), MAX_SLEEP_SECONDS)
        for key, _ in self._selector.select(seconds):
            for source in (self._stop, self._rooms.watcher):
                if key.fileobj is source:
                    source.drain()

    def _result(self) -> CommandExit:
        if not self._once:
            return CommandExit.OK
        if self._rooms.told.any_buried:
            return CommandExit.FAILED
        return CommandExit.LATER if self._dispatcher.left_over else CommandExit.OK

    def _close(self) -> None:
        self._selector.close()
        self._dispatcher.close(this_moment())
        self._rooms.scanner.close()
        self._rooms.watcher.close()
        self._rooms.log.info("closed")
