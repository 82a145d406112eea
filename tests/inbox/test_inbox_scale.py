"""Many waiting files: memory a file, work a turn, order."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.inbox import rounds
from runner.inbox.marks import Marks
from runner.inbox.offers import ARRIVALS
from runner.inbox.room import Room
from tests import needs
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import WAV, names

FILES = 10_000

MEASURE = """
import gc, os, sys, time
from pathlib import Path
from runner.config import Settings
from runner.inbox import Scanner

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

root = Path(sys.argv[1])
scanner = Scanner(root / "inbox", root / "staging", Settings(), lambda _: False)
before, peak, now, longest, spent = resident(), 0, 1000.0, 0.0, time.process_time()

def look(weigh=False):
    global peak, longest
    while True:
        began = time.monotonic()
        scan = scanner.scan(now, limit=0)
        longest = max(longest, time.monotonic() - began)
        peak = max(peak, resident()) if weigh else peak
        if scan.next_due > now:
            return scan

look()
first = time.process_time() - spent
now += 2
look()
now += 60
spent = time.process_time()
look()
again = time.process_time() - spent
now += 60
scan = look(weigh=True)
print(scan.waiting_total, peak - before, longest, first, again)
"""


@needs.linux()
def test_a_waiting_file_costs_less_than_300_bytes(tmp_path: Path) -> None:
    """Memory a file, a turn's length and the cost of a walk over what is known must be bounded."""
    for name in ("inbox", "staging"):
        (tmp_path / name).mkdir()
    folder = os.open(tmp_path / "inbox", os.O_RDONLY)
    for number in range(FILES):
        fd = os.open(f"recording {number:06}.wav", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=folder)
        os.write(fd, WAV)
        os.close(fd)
    os.close(folder)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path], capture_output=True, text=True, check=True
    )
    seen, memory, longest, first, again = map(float, done.stdout.split())
    print(f"{memory / seen:.0f} bytes a file; longest turn {longest * 1000:.0f} ms; ", end="")  # noqa: T201
    print(f"first walk {first / seen * 1e6:.1f} us a file, again {again / seen * 1e6:.1f}")  # noqa: T201
    assert seen == FILES
    assert memory / seen < 300
    assert again < first


def test_the_oldest_goes_first_however_many_settle_together(make_eye: MakeEye) -> None:
    """Turns are bounded; yet the first file handed out must be the oldest of all."""
    eye = make_eye()
    for number in range(ARRIVALS + 500):
        eye.drop(f"{number:05}.wav")
    *others, oldest = [entry.name for entry in os.scandir(eye.inbox)]  # as the walk sees them
    for name in others:
        (eye.inbox / name).chmod(0o600)
    scan = eye.scanner.scan(eye.now, limit=1)
    assert (scan.next_due, scan.complete) == (eye.now, False)
    assert eye.look().complete
    eye.now += 2
    while not (scan := eye.scanner.scan(eye.now, limit=1)).ready:
        assert scan.next_due == eye.now
    assert names(scan) == [oldest]
    assert scan.waiting_total == ARRIVALS + 500 - 1


def test_a_long_inbox_is_walked_less_often(
    make_eye: MakeEye, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause between walks must grow with the number of entries."""
    monkeypatch.setattr(rounds, "ENTRIES_PER_SECOND", 10)
    eye = make_eye(poll_seconds=1)
    for number in range(50):
        eye.drop(f"{number}.wav")
    eye.settled(limit=0)
    walked_at = eye.now
    while eye.look(later=0.5, limit=0).waiting_total != 51:
        eye.drop("new.wav")
    assert 2.5 <= eye.now - walked_at <= 5


def test_marks_are_used_again() -> None:
    """Files that come and go must not use up marks."""
    marks = Marks()
    first = [marks.new() for _ in range(3)]
    marks.begin()
    assert not any(map(marks.touched, first))
    marks.give_back(first[1])
    assert marks.new() == first[1]
    assert marks.touched(first[1])
    room = Room(1.0)
    for number in range(100):
        facts = Path("/").stat()
        room.drop(room.observe(f"{number}", facts, 1.0).key)
    assert room.observe("last", Path("/").stat(), 1.0).mark == 0


def test_the_cost_of_a_claim_does_not_grow_with_the_inbox(make_eye: MakeEye) -> None:
    """Taking files one by one from a long inbox must not walk it each time."""
    eye = make_eye(settle_seconds=0)
    for number in range(1500):
        eye.drop(f"{number:05}.wav")
    eye.look(limit=1)
    taken = []
    began = time.process_time()
    for _ in range(300):
        (entry,) = eye.scanner.scan(eye.now, limit=1).ready
        taken.append(entry.name)
        entry.path.unlink()
    spent = time.process_time() - began
    assert len(set(taken)) == 300
    assert spent / 300 < 0.01
    assert names(eye.look(limit=1)) not in [[name] for name in taken]
