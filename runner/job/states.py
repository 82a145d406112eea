"""Where a job can be, and which moves lead from where to where.

Purpose: the transition table. A job's directory *is* its state; a move is one rename.
Guarantees: ``MOVES`` names every legal edge; ``may_move`` is total over states.
Limits: ``INBOX`` and ``TRASH`` are not job directories, they are the outside ends of the graph.
"""

from enum import StrEnum


class State(StrEnum):
    """The folders a job can live in, by the folder's name."""

    INBOX = "inbox"
    ACTIVE = "active"
    DEFERRED = "deferred"
    DONE = "done"
    FAILED = "failed"
    TRASH = "staging"


HELD_STATES = (State.ACTIVE, State.DEFERRED, State.DONE, State.FAILED)
"""The states in which a job has a directory of its own."""


class Move(StrEnum):
    """The verbs of the spool; each is one rename of the job's directory."""

    CLAIM = "claim"
    PUBLISH = "publish"
    DEFER = "defer"
    READMIT = "readmit"
    BURY = "bury"
    RETRY = "retry"
    REMOVE = "remove"


MOVES: dict[Move, frozenset[tuple[State, State]]] = {
    Move.CLAIM: frozenset({(State.INBOX, State.ACTIVE)}),
    Move.PUBLISH: frozenset({(State.ACTIVE, State.DONE)}),
    Move.DEFER: frozenset({(State.ACTIVE, State.DEFERRED)}),
    Move.READMIT: frozenset({(State.DEFERRED, State.ACTIVE)}),
    # A waiting job that is cancelled is buried without running again.
    Move.BURY: frozenset({(State.ACTIVE, State.FAILED), (State.DEFERRED, State.FAILED)}),
    Move.RETRY: frozenset({(State.FAILED, State.DEFERRED)}),
    # ACTIVE: only a directory in which nothing was ever begun and no source arrived.
    Move.REMOVE: frozenset((state, State.TRASH) for state in HELD_STATES),
}


def may_move(move: Move, source: State, target: State) -> bool:
    """Return whether ``move`` may take a job from ``source`` to ``target``."""
    return (source, target) in MOVES[move]
