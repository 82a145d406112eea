"""Errors that cross rooms. Lost races and other people's faults are values, not errors.

Purpose: a short list, so that ``cli`` can turn each into one sentence and an exit code.
"""

import errno as codes

PASSING = frozenset(
    {
        codes.ENOSPC, codes.EDQUOT, codes.EIO, codes.EROFS,
        codes.EMFILE, codes.ENFILE, codes.ENOMEM,
    }
)  # fmt: skip
"""A system that is full or ill for now: work waits. Anything else on our own folders is fatal."""


class RunnerError(Exception):
    """Anything we raise on purpose; its text is one sentence for a person."""


class ConfigError(RunnerError):
    """A setting is wrong; the text names file, key and limit."""


class OptionsError(RunnerError):
    """A job's options are wrong; the text names file and key."""


class DamagedRecord(RunnerError):  # noqa: N818 - the noun that people read
    """A ``job.json`` does not parse; the directory is kept and listed."""


class SpoolError(RunnerError):
    """Our own state directories misbehave: full disk, I/O error, missing folder.

    ``errno`` is the cause when there is one.
    """

    def __init__(self, text: str, errno: int | None = None) -> None:
        super().__init__(text)
        self.errno = errno

    @property
    def passing(self) -> bool:
        """Whether it may be over by itself: no room, no descriptors, a disk that stumbles."""
        return self.errno in PASSING


class EngineError(RunnerError):
    """The engine, its model or its device can't be had."""


class MediaError(RunnerError):
    """A recording can't be decoded; ``code`` is a ``Refusal``."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
