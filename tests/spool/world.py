"""A spool for tests: drop, claim, begin, and a worker that only writes files."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import spool
from runner.job.end import END_NAME, EndRecord, RenderingEntry, rendering_name
from runner.job.entry import Entry
from runner.job.ids import new_id
from runner.job.record import GivenName
from runner.job.states import HELD_STATES, State
from runner.job.verdict import Law

HOLD = "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"
NOW = 1_700_000_000.0
RUNNER = "one"
LAW = Law(max_attempts=3)


def entry_of(layout: spool.Layout, path: Path, **more: Any) -> Entry:
    """What the intake would say of ``path``."""
    facts = path.lstat()
    folder = os.path.relpath(path.parent, layout.inbox)
    return Entry(
        path=path, folder="" if folder == "." else folder, name=path.name,
        display=GivenName.of(path.name), size=facts.st_size, device=facts.st_dev,
        inode=facts.st_ino, ctime_ns=facts.st_ctime_ns, **more,
    )  # fmt: skip


@dataclass
class World:
    """A spool and what tests do in it. ``opened`` are the leases to let go of at the end."""

    layout: spool.Layout
    law: spool.PublishLaw = field(default_factory=spool.PublishLaw)
    opened: list[spool.Held] = field(default_factory=list)
    made: int = 0

    def drop(self, name: str = "talk.mp3", text: str = "sound", folder: str = "") -> Path:
        """Put a recording into the inbox."""
        path = self.layout.inbox / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def fresh_id(self) -> str:
        """Return an id that sorts after the others."""
        self.made += 1
        return new_id(NOW + self.made, self.made)

    def entry(self, path: Path, **more: Any) -> Entry:
        """What the intake would say of ``path``."""
        return entry_of(self.layout, path, **more)

    def try_claim(self, entry: Entry, job: str | None = None) -> Any:
        """Claim, whatever comes of it."""
        got = spool.claim(self.layout, entry, id=job or self.fresh_id(), runner=RUNNER, now=NOW)
        if isinstance(got, spool.Held):
            self.opened.append(got)
        return got

    def claim(self, name: str = "talk.mp3", text: str = "sound", folder: str = "") -> spool.Held:
        """Drop and claim."""
        got = self.try_claim(self.entry(self.drop(name, text, folder)))
        assert isinstance(got, spool.Held), got
        return got

    def begin(self, held: spool.Held, *, alone: bool = False) -> int:
        """Begin an attempt."""
        return spool.begin(
            held, runner=RUNNER, engine="echo", model="demo", device="cpu", how="fork",
            alone=alone, now=NOW + 1,
        )  # fmt: skip

    def work(self, held: spool.Held, formats: tuple[str, ...] = ("srt", "json")) -> EndRecord:
        """Do what a worker does: renderings, then END."""
        number = held.record.attempts[-1].number
        home = held.attempt_dir(number)
        entries = []
        for form in formats:
            data = f"{held.id} {form} of {held.source.read_text()}".encode()
            (home / rendering_name(form)).write_bytes(data)
            entries.append(
                RenderingEntry(
                    format=form, file=rendering_name(form), size=len(data),
                    sha256=hashlib.sha256(data).hexdigest(),
                )
            )  # fmt: skip
        end = EndRecord(job=held.id, attempt=number, renderings=tuple(entries), language="en")
        (home / END_NAME).write_bytes(end.to_json())
        return end

    def finished(
        self, name: str = "talk.mp3", *, formats: tuple[str, ...] = ("srt", "json"), **more: str
    ) -> spool.Held:
        """Return a job whose worker has reached END."""
        held = self.claim(name, **more)
        self.begin(held)
        self.work(held, formats)
        return held

    def take(self, state: State, job: str) -> spool.Held:
        """Take a job that must be free."""
        got = spool.take(self.layout, state, job)
        assert isinstance(got, spool.Held), got
        self.opened.append(got)
        return got

    def recover(self, held: spool.Held, **more: Any) -> spool.Recovered:
        """Recover with the laws of the test."""
        return spool.recover(held, law=LAW, publish_law=self.law, now=NOW + 100, **more)

    def recover_all(self) -> list[spool.Recovered]:
        """What a runner does at its start."""
        done = []
        for state in (State.ACTIVE, State.DEFERRED):
            for job in spool.list_ids(self.layout, state):
                held = self.take(state, job)
                done.append(self.recover(held))
                held.close()
        return done

    def outbox(self) -> dict[str, str]:
        """Return the outbox: relative name and text of each file."""
        root = self.layout.outbox
        return {str(p.relative_to(root)): p.read_text() for p in files_below(root)}

    def states(self) -> dict[str, str]:
        """Return the state of each job."""
        return {j: s.value for s in HELD_STATES for j in spool.list_ids(self.layout, s)}

    def places_of(self, text: str) -> list[str]:
        """Return every file below the spool that holds ``text``, but for trash."""
        return [
            str(path.relative_to(self.layout.root))
            for path in files_below(self.layout.root)
            if ".trash-" not in str(path) and path.read_bytes() == text.encode()
        ]

    def close(self) -> None:
        """Let go of everything, as a dead process does."""
        for held in self.opened:
            held.close()
        self.opened.clear()


def files_below(root: Path) -> Iterator[Path]:
    """Yield every regular file below ``root``; links are not followed."""
    for here, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(here, name)
            if path.is_file() and not path.is_symlink():
                yield path


def child_with(fd: int) -> subprocess.Popen[bytes]:
    """Start a process that inherits ``fd`` and holds it until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], pass_fds=[fd], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.read(1)
    return process
