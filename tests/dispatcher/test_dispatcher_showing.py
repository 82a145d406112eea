"""What the dispatcher tells of files: their folder always, the name that a person gave."""

from pathlib import Path

from runner.dispatcher.showing import waiting_of
from runner.inbox import Scan, Waiting
from runner.job.entry import Entry
from runner.job.record import GivenName


def test_a_ready_file_has_its_folder_as_a_stuck_one_has() -> None:
    """A name must be the path in the inbox, printable, and tell where the file lies."""
    path = Path("/s/inbox/sub/deep/0123.a%20b.wav")
    ready = Entry(
        path=path, folder="sub/de\x1bep", name=path.name, display=GivenName.of("a b.wav"),
        size=1, device=1, inode=1, ctime_ns=1,
    )  # fmt: skip
    scan = Scan(ready=(ready,), waiting=(Waiting(name="bad/y.wav", why="settles"),))
    first, second = waiting_of(scan)
    assert (first.name, first.path) == (r"sub/de\x1bep/a b.wav", str(path))
    assert (second.name, second.why) == ("bad/y.wav", "settles")
