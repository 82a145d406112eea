"""``doctor``: looks at the installation and names the cure of what is wrong.

Purpose: makes every check of ``doctor_spool`` and ``doctor_machine``; exit 1 if one fails.
Guarantees: leaves nothing behind; a check that can't be made is a finding like any other.
"""

from collections.abc import Iterator
from typing import NamedTuple

from runner.cli.chosen import ALL, Chosen, Json, takes
from runner.cli.screen import console, name, say_json
from runner.job.errors import RunnerError
from runner.job.exits import CommandExit

OK, WARN, FAIL = "ok", "warn", "fail"
"""Grades. ``warn``: works, but not as promised or not for everybody."""
STYLES = {OK: "green", WARN: "yellow", FAIL: "bold red"}


class Finding(NamedTuple):
    """What was looked at, how it is, what helps."""

    grade: str
    what: str
    seen: str
    cure: str = ""


@takes(*ALL)
def doctor(chosen: Chosen, *, as_json: Json = False) -> int:
    """Look at the installation: what is well, what is not, and the cure."""
    findings = []
    for finding in _examine(chosen):
        findings.append(finding)
        if not as_json:
            line = name(f"{finding.grade:<5}", STYLES[finding.grade])
            line.append(name(f"{finding.what}: {finding.seen}", "default"))
            if finding.cure:
                line.append("\n     → ").append(name(finding.cure, "default"))
            console().print(line, soft_wrap=True)
    if as_json:
        say_json([finding._asdict() for finding in findings])
    failed = any(finding.grade == FAIL for finding in findings)
    return CommandExit.FAILED if failed else CommandExit.OK


def _examine(chosen: Chosen) -> Iterator[Finding]:
    from runner.cli import doctor_machine, doctor_spool
    from runner.cli.signals import tidy

    _ = chosen.settings  # a wrong one is a sentence of its own, not a finding of every check
    for check in (*doctor_spool.checks(chosen.layout), *doctor_machine.CHECKS):
        try:
            with tidy():
                found = list(check(chosen))
        except (RunnerError, OSError) as error:
            what = (check.__doc__ or "").rstrip(".")
            found = [Finding(FAIL, what, f"this can't be found out: {error}")]
        yield from found
