"""Where events do not come, or not all: polling, and saying so."""

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runner.config import Settings
from runner.inbox import events, mounts, watcher
from runner.inbox.hints import Hints
from runner.inbox.portable import PortableEvents
from runner.inbox.watcher import open_watcher
from tests import needs
from tests.inbox.attendant import hints, rings, watch_of
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import names

pytestmark = needs.linux()
DESCRIPTORS = Path("/proc/self/fd")


class Deaf:
    """A source that opens and never says anything."""

    fault = ""
    closed = False

    def __init__(self, *_: Any) -> None:
        self.hints = Hints()

    def watch(self, folder: str) -> bool:
        """Claim to watch."""
        return folder == ""

    def await_rename(self, name: str) -> threading.Event:
        """Never be set."""
        del name
        return threading.Event()

    def close(self) -> None:
        """Be told."""
        Deaf.closed = True


def test_where_no_event_comes_we_poll_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe without an answer must end in polling within a second and a bit."""
    monkeypatch.setattr(watcher, "_opener", lambda _: Deaf)
    began = time.monotonic()
    watch = open_watcher(tmp_path, Settings())
    assert time.monotonic() - began < 2
    assert (watch.mode, watch.why) == ("poll", "no event came within 1 s of a change")
    assert watch.healthy(0)
    assert not watch.covers(0)
    assert not rings(watch, 0)
    assert Deaf.closed
    assert list(tmp_path.iterdir()) == []
    watch.close()


def test_polling_finds_everything(make_eye: MakeEye) -> None:
    """With ``watch = "poll"`` files must be found by walks alone, at their pace."""
    eye = make_eye(events=True, watch="poll", poll_seconds=0.5)
    assert watch_of(eye).why == "the settings say so"
    scan = eye.look()
    assert scan.next_due == eye.now + 0.5
    eye.drop("a/talk.wav")
    assert eye.look(later=0.4).waiting_total == 0
    assert eye.look(later=0.1).waiting_total == 1
    assert names(eye.look(later=2)) == ["a/talk.wav"]


def test_without_watches_left_we_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system has no inotify instance to give, the reason must be told."""

    def none(*_: object) -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(events, "InotifyFD", none)
    watch = open_watcher(tmp_path, Settings())
    assert (watch.mode, watch.why) == (
        "poll",
        "events can't be had (inotify instance limit reached)",
    )
    watch.close()


def test_a_folder_that_cannot_be_watched_makes_the_walks_frequent(
    make_eye: MakeEye, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the system's limit of watches nothing may be missed for long."""
    eye = make_eye(events=True)
    (eye.inbox / "a").mkdir()
    real = events.Events.watch
    monkeypatch.setattr(events.Events, "watch", lambda self, f: f != "a" and real(self, f))
    scan = eye.look()
    assert scan.next_due == eye.now + eye.settings.poll_seconds


TABLE = """\
21 1 254:0 / / rw - ext4 /dev/vda rw
22 21 0:5 / /mnt/my\\040share rw,relatime shared:1 - nfs4 host:/x rw
23 21 0:6 / /mnt/over rw - ext4 /dev/b rw
24 23 0:7 / /mnt/over rw - fuse.sshfs host: rw
"""


def test_the_file_system_is_read_from_the_mounts() -> None:
    """The nearest mount must win, of two on one point the later, spaces decoded."""
    kinds = {
        "/mnt/my share/inbox": ("nfs4", True),
        "/mnt/over": ("fuse.sshfs", True),
        "/mnt/overt": ("ext4", False),
        "/": ("ext4", False),
    }
    for path, (kind, remote) in kinds.items():
        assert mounts.file_system(Path(path), table=TABLE) == kind
        assert mounts.remote(kind) == remote


def test_a_network_share_is_polled_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On NFS and its like others' changes give no events, whatever a probe says."""
    monkeypatch.setattr(watcher, "file_system", lambda _: "nfs4")
    polled = open_watcher(tmp_path, Settings())
    forced = open_watcher(tmp_path, Settings(watch="events"))
    assert (polled.mode, forced.mode) == ("poll", "events")
    assert "nfs4" in polled.why
    polled.close()
    forced.close()


def test_the_portable_source_gives_hints(make_eye: MakeEye) -> None:
    """With Linux-only calls off, watchdog's own observer must wake us for the whole tree."""
    eye = make_eye(events=True, linux_calls=False)
    watch = watch_of(eye)
    assert watch.mode == "events"
    assert isinstance(watch._source, PortableEvents)  # noqa: SLF001 - which one it is
    (eye.inbox / "a").mkdir()
    eye.drop("a/talk.wav")
    assert not any(hint.renamed for hint in hints(watch, until="a/talk.wav"))
    assert watch.healthy(eye.now)
    with contextlib.suppress(RuntimeError):
        watch._source._observer.stop()  # noqa: SLF001 - the fault is made here
        watch._source._observer.join()  # noqa: SLF001
    assert watch._source.fault  # noqa: SLF001
