"""What the dispatcher's parts share: the rooms below, and the little that is remembered.

Purpose: ``Rooms``, handed to each part at its making; it decides nothing.
"""

from dataclasses import dataclass

from runner.config import Settings
from runner.dispatcher.brakes import Brakes
from runner.dispatcher.told import Told
from runner.dispatcher.waiting import Waiting
from runner.inbox import Scanner, Watcher
from runner.pool import Pool
from runner.spool import Layout, PublishLaw
from runner.telemetry.log import Log


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """The rooms below and the dispatcher's memory."""

    layout: Layout
    settings: Settings
    publish_law: PublishLaw
    pool: Pool
    watcher: Watcher
    scanner: Scanner
    waiting: Waiting
    brakes: Brakes
    told: Told
    log: Log
