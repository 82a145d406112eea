"""The ways people drop files, with the programs they use, in real time."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import needs
from tests.inbox.attendant import Attendant
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import Eye, silence

pytestmark = needs.linux()
SETTLE = 0.5

SLOW_WRITER = """
import sys, time
with open(sys.argv[1], "wb") as out:
    for _ in range(4):
        out.write(bytes(8192)); out.flush(); time.sleep(0.3)
"""


@pytest.fixture
def attendant(make_eye: MakeEye) -> Attendant:
    """The intake at work, with a short settle time."""
    attendant = Attendant(make_eye(events=True, settle_seconds=SETTLE))
    attendant.turn()
    return attendant


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A real recording outside the inbox."""
    path = tmp_path / "talk.wav"
    silence(path)
    return path


def inbox_of(recording: Path) -> Path:
    """The inbox beside the recording."""
    return recording.parent / "inbox"


def test_cp(attendant: Attendant, recording: Path) -> None:
    """A copied file must be claimed whole, after its settle time and not much later."""
    began = time.monotonic()
    shutil.copy2(recording, inbox_of(recording))
    attendant.until(lambda: "talk.wav" in attendant.claimed)
    assert SETTLE <= attendant.claimed["talk.wav"] - began < SETTLE + 1
    assert attendant.entries["talk.wav"].size == recording.stat().st_size


def test_mv(attendant: Attendant, recording: Path) -> None:
    """A moved file must be claimed at once."""
    began = time.monotonic()
    recording.rename(inbox_of(recording) / "talk.wav")
    attendant.until(lambda: "talk.wav" in attendant.claimed)
    assert attendant.claimed["talk.wav"] - began < SETTLE


@needs.program("rsync")
def test_rsync(attendant: Attendant, recording: Path) -> None:
    """A temporary name of rsync must be passed over, its rename be claimed at once."""
    os.utime(recording, (1, 1))
    subprocess.run(["rsync", "-a", recording, inbox_of(recording)], check=True)
    done = time.monotonic()
    attendant.until(lambda: "talk.wav" in attendant.claimed)
    assert attendant.claimed["talk.wav"] - done < SETTLE
    assert set(attendant.claimed) == {"talk.wav"}


@needs.program("dd")
def test_a_slow_dd(attendant: Attendant, recording: Path) -> None:
    """A writer that pauses longer than the settle time must be waited for to its end."""
    program = [sys.executable, "-c", SLOW_WRITER, os.fspath(inbox_of(recording) / "slow.wav")]
    with subprocess.Popen(program) as writer:
        attendant.until(lambda: writer.poll() is not None)
        assert attendant.claimed == {}
    attendant.until(lambda: "slow.wav" in attendant.claimed)
    assert attendant.entries["slow.wav"].size == 4 * 8192


def test_a_writer_that_opens_again_and_again(attendant: Attendant, recording: Path) -> None:
    """A file that is appended to in short openings must not be claimed between two of them."""
    path = inbox_of(recording) / "grows.wav"
    for _ in range(5):
        with path.open("ab") as file:
            file.write(recording.read_bytes())
        attendant.rest(SETTLE * 0.6)
    assert attendant.claimed == {}
    attendant.until(lambda: "grows.wav" in attendant.claimed)
    assert attendant.entries["grows.wav"].size == 5 * recording.stat().st_size


def test_a_writer_that_is_killed(attendant: Attendant, recording: Path) -> None:
    """A cut-off copy is claimed once it is quiet: the decoder is who can tell."""
    program = [sys.executable, "-c", SLOW_WRITER, os.fspath(inbox_of(recording) / "cut.wav")]
    with subprocess.Popen(program) as writer:
        attendant.rest(0.5)
        writer.kill()
    attendant.until(lambda: "cut.wav" in attendant.claimed)
    assert attendant.entries["cut.wav"].size < 4 * 8192


def test_a_download_under_a_temporary_name(attendant: Attendant, recording: Path) -> None:
    """A browser's or sftp client's temporary name must be left alone until it is renamed."""
    part = inbox_of(recording) / "talk.wav.crdownload"
    shutil.copy(recording, part)
    attendant.rest(SETTLE + 0.3)
    assert attendant.claimed == {}
    part.rename(inbox_of(recording) / "talk.wav")
    attendant.until(lambda: "talk.wav" in attendant.claimed)


def test_many_at_once(attendant: Attendant, recording: Path) -> None:
    """A burst must be claimed completely, each file once."""
    wanted = {f"{number:03}.wav" for number in range(200)}
    for name in sorted(wanted):
        shutil.copy(recording, inbox_of(recording) / name)
    attendant.until(lambda: set(attendant.claimed) == wanted)


def test_what_was_dropped_before_the_start(make_eye: MakeEye, tmp_path: Path) -> None:
    """Files that lay there before must be claimed in the order of their ctime."""
    (tmp_path / "inbox").mkdir()
    for name in ("b.wav", "a.wav"):
        silence(tmp_path / "inbox" / name)
        time.sleep(0.02)  # the kernel's clock is coarse
    attendant = Attendant(make_eye(events=True, settle_seconds=SETTLE))
    attendant.until(lambda: len(attendant.claimed) == 2)
    assert list(attendant.claimed) == ["b.wav", "a.wav"]


def test_a_lease_breaker_does_not_kill_us(make_eye: MakeEye) -> None:
    """Opening for writing while a lease is held signals its holder: that must be harmless."""
    eye: Eye = make_eye()
    path = eye.drop("talk.wav")
    script = f"""
import os, threading
from pathlib import Path
from runner.inbox.writers import writing
stop = False
def break_leases():
    while not stop:
        try:
            os.close(os.open({os.fspath(path)!r}, os.O_WRONLY | os.O_NONBLOCK))
        except BlockingIOError:
            print("broken")
thread = threading.Thread(target=break_leases)
thread.start()
fd = os.open({os.fspath(path)!r}, os.O_RDONLY)
for _ in range(5000):
    writing(fd)
stop = True
thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
