"""The daemon's turn: recover, settle, claim, start, collect, judge, move."""

from runner.dispatcher.service import run

__all__ = ["run"]
