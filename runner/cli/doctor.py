"""``doctor``: looks at the installation and names the cure of what is wrong.

Purpose: runs every check of ``examining`` and ``folders``; exit 1 if one fails.
Guarantees: leaves nothing behind; a check that can't be made is a finding like any other.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.cli.findings import Finding, Grade
from runner.cli.screen import console, say
from runner.job.errors import RunnerError
from runner.job.exits import CommandExit

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen

STYLES = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "bold red"}


def doctor(chosen: "Chosen", *, as_json: bool) -> CommandExit:
    """Print what was found, as it is found."""
    findings: list[Finding] = []
    for finding in examine(chosen):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        say(json.dumps([finding.as_object() for finding in findings], ensure_ascii=False, indent=1))
    failed = [finding for finding in findings if finding.grade is Grade.FAIL]
    return CommandExit.FAILED if failed else CommandExit.OK


def examine(chosen: "Chosen") -> Iterator[Finding]:
    """Make each check."""
    from runner.cli import examining, folders

    _ = chosen.settings  # a wrong one is a sentence of its own, not a finding of every check
    checks = (*folders.CHECKS, *examining.CHECKS)
    for check in checks:
        try:
            yield from check(chosen)
        except (RunnerError, OSError) as error:
            what = (check.__doc__ or check.__name__).rstrip(".")
            yield Finding(Grade.FAIL, what, f"this can't be found out: {error}")


def _print(finding: Finding) -> None:
    from rich.text import Text

    line = Text(f"{finding.grade.value:<5}", style=STYLES[finding.grade])
    line.append(f"{finding.what}: {finding.seen}", style="default")
    console().print(line, soft_wrap=True)
    if finding.cure:
        console().print(Text(f"     → {finding.cure}", style="default"), soft_wrap=True)
