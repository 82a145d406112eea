"""Other people: code that runs under another uid, in a process of its own.

Purpose: ``Person.does(function)``; root makes a runner and droppers of them.
Why: root reads, takes and leases everything; the faults of rights can't be seen as root.
"""

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

DROPPERS = 64200
"""The group that may drop files."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Person:
    """A uid with its umask, a member of the droppers."""

    uid: int
    umask: int = 0o022

    def does(self, function: Callable[[], Result]) -> Result:
        """Run ``function`` as this person and return its result; its failure is ours."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            self._be(function, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        good, result = pickle.loads(said)
        assert good, result
        return result  # type: ignore[no-any-return]

    def _be(self, function: Callable[[], object], pipe: int) -> None:
        signal.alarm(30)
        try:
            os.setgroups([DROPPERS])
            os.setgid(self.uid)
            os.setuid(self.uid)
            os.umask(self.umask)
            answer = (True, function())
        except BaseException:  # noqa: BLE001 - it is told in the parent
            answer = (False, traceback.format_exc())
        try:
            with os.fdopen(pipe, "wb") as out:
                out.write(pickle.dumps(answer))
        finally:
            os._exit(0)
