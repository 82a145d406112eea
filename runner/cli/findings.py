"""A finding of the doctor: what was looked at, how it is, what helps."""

from dataclasses import asdict, dataclass
from enum import Enum

from runner.job.printable import printable


class Grade(Enum):
    """How bad it is. ``WARN``: works, but not as promised or not for everybody."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's; shown as it is, so strangers' names are made printable here."""

    grade: Grade
    what: str
    seen: str
    cure: str = ""

    def __post_init__(self) -> None:
        for key in ("what", "seen", "cure"):
            object.__setattr__(self, key, printable(getattr(self, key)))

    def as_object(self) -> dict[str, str]:
        """Return it for programs."""
        return {**asdict(self), "grade": self.grade.value}


def ok(what: str, seen: str) -> Finding:
    """Return that ``what`` is well."""
    return Finding(Grade.OK, what, seen)


def warn(what: str, seen: str, cure: str = "") -> Finding:
    """Return that ``what`` could be better."""
    return Finding(Grade.WARN, what, seen, cure)


def fail(what: str, seen: str, cure: str = "") -> Finding:
    """Return that ``what`` must be mended."""
    return Finding(Grade.FAIL, what, seen, cure)
