"""The spool: directories as states, one rename as the transition.

Purpose: claim, begin, publish, defer, readmit, bury, retry, remove, recover, prune; leases; what
status and the command line read.
Guarantees: whatever dies, a recording is in the inbox or in exactly one job, and a result is
delivered once. Every move happens under the job's lease, and the record is read after taking it.
Diagnostics: lost races and other people's faults are values (``BUSY``, ``GONE``, ``Damaged``,
``LostRace``, ``Skipped``); trouble with our own directories is ``SpoolError`` with its errno.
Limits: one local filesystem with working flock.
"""

from runner.job.states import State
from runner.spool.attempts import begin, end_attempt, mark_accepted
from runner.spool.burial import bury, is_buried
from runner.spool.cancel import cancel_requested, cancelled, request_cancel
from runner.spool.claiming import LostRace, Skipped, claim
from runner.spool.ends import read_end, valid_end
from runner.spool.layout import Layout
from runner.spool.lease import BUSY, GONE, Damaged, Held, Untaken, take
from runner.spool.locks import RunnerLock, runner_alive, runners
from runner.spool.names import notice_name, outbox_names, stem_of
from runner.spool.notice import withdraw
from runner.spool.plan import PublishLaw
from runner.spool.prepare import prepare
from runner.spool.pruning import Doomed, KeepLaw, carry_out, keep_law, prune, prune_plan
from runner.spool.publishing import publish
from runner.spool.query import counts, find, list_ids, read, where
from runner.spool.recovery import Recovered, Recovery, recover
from runner.spool.removal import discard_stillborn, remove
from runner.spool.reserve import (
    clock_doubted,
    confirm_clock,
    doubt_clock,
    ensure_reserve,
    paused,
    release_reserve,
    set_paused,
)  # fmt: skip
from runner.spool.strays import holders
from runner.spool.sweep import sweep_staging
from runner.spool.waiting import defer, due, readmit, retry

__all__ = [
    "BUSY", "GONE", "Damaged", "Doomed", "Held", "KeepLaw", "Layout", "LostRace", "PublishLaw",
    "Recovered", "Recovery", "RunnerLock", "Skipped", "State", "Untaken", "begin", "bury",
    "cancel_requested", "cancelled", "carry_out", "claim", "clock_doubted", "confirm_clock",
    "counts", "defer", "discard_stillborn", "doubt_clock", "due", "end_attempt",
    "ensure_reserve", "find", "holders",
    "is_buried", "keep_law", "list_ids", "mark_accepted", "notice_name",
    "outbox_names", "paused", "prepare", "prune", "prune_plan", "publish", "read", "read_end",
    "readmit", "recover", "release_reserve", "remove", "request_cancel", "retry", "runner_alive",
    "runners", "set_paused", "stem_of", "sweep_staging", "take", "valid_end", "where", "withdraw",
]  # fmt: skip
