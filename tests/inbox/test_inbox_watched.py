"""The watcher is watched: faults, losses, descriptors, threads."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from runner.config import Settings
from runner.inbox import events, watcher
from runner.inbox.hints import MOST, Hint, Hints
from runner.inbox.watcher import open_watcher
from tests import needs
from tests.inbox.attendant import hints, rings, watch_of
from tests.inbox.eye import Eye

pytestmark = needs.linux()
DESCRIPTORS = Path("/proc/self/fd")


def test_an_exception_in_the_handler_ends_nothing(
    live: Eye, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault while handling an event must lead to a rescan, with the thread alive."""
    watch = watch_of(live)

    def fail(self: object, event: object) -> None:
        raise RuntimeError(self, event)

    with monkeypatch.context() as patch:
        patch.setattr(events.Events, "_handle", fail)
        live.drop("a.wav")
        assert rings(watch)
        live.look()
    assert watch.healthy(live.now)
    live.drop("b.wav")
    hints(watch, until="b.wav")


def test_an_overflow_leads_to_a_walk(live: Eye, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the kernel's queue overflows, nothing may be missed and nobody wait for a rescan."""
    live.look()
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 20000:
        pytest.skip(f"the kernel's queue holds {limit} events: too many to overflow here")
    held, go = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        held.set()
        go.wait(20)

    with monkeypatch.context() as patch:
        patch.setattr(events.Events, "_handle", hold)
        live.drop("first.wav")
        assert held.wait(5)
        folder = os.open(live.inbox, os.O_RDONLY)
        for _ in range(limit // 2 + 2000):  # two kinds of event in turn, so that none are merged
            os.close(os.open("burst.wav", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
            os.chmod("burst.wav", 0o600, dir_fd=folder)
        os.close(folder)
        live.drop("missed.wav")
        live.look()
        go.set()
    end = time.monotonic() + 10
    while "missed.wav" not in {waiting.name for waiting in live.look().waiting}:
        assert time.monotonic() < end
        rings(watch_of(live), 0.1)


def test_too_many_hints_become_a_rescan() -> None:
    """Hints must not grow without bound while nobody takes them."""
    gathered = Hints()
    for number in range(MOST + 5):
        gathered.add(Hint(str(number), renamed=False, folder=False))
    assert len(gathered) == MOST
    assert gathered.take_rescan()
    assert not gathered.take_rescan()


def test_a_removed_inbox_is_unhealthy_and_a_new_one_mends_it(live: Eye) -> None:
    """Losing the inbox must be seen at once; when it is there again events must come again."""
    watch = watch_of(live)
    live.look()
    live.inbox.rmdir()
    assert rings(watch)
    assert not watch.healthy(live.now)
    assert not watch.covers(live.now)
    live.inbox.mkdir()
    assert watch.healthy(live.now + watcher.REOPEN_SECONDS)
    watch.drain()
    live.drop("talk.wav")
    hints(watch, until="talk.wav")


def test_an_inbox_that_was_replaced_is_noticed(live: Eye) -> None:
    """Another folder under the inbox's name must not be taken for the watched one."""
    watch = watch_of(live)
    live.inbox.rename(live.inbox.parent / "away")
    live.inbox.mkdir()
    assert watch.healthy(live.now)  # reopened at the first question
    assert watch.why == "events come again after a fault"
    live.drop("talk.wav")
    hints(watch, until="talk.wav")


def test_an_inbox_whose_parent_was_replaced_is_noticed(tmp_path: Path) -> None:
    """No event tells that a folder above was renamed: the watcher must see it by itself."""
    (tmp_path / "spool/inbox").mkdir(parents=True)
    watch = open_watcher(tmp_path / "spool/inbox", Settings())
    (tmp_path / "spool").rename(tmp_path / "away")
    (tmp_path / "spool/inbox").mkdir(parents=True)
    assert watch.healthy(0)
    assert watch.why == "events come again after a fault"
    (tmp_path / "spool/inbox/talk.wav").touch()
    hints(watch, until="talk.wav")
    watch.close()


def test_a_dead_thread_is_noticed_and_replaced(live: Eye) -> None:
    """A source whose thread has ended must be opened again under the same descriptor."""
    watch = watch_of(live)
    before = watch.fileno()
    assert watch._source  # noqa: SLF001 - the fault is made here
    watch._source._inotify.stop()  # type: ignore[attr-defined]  # noqa: SLF001
    watch._source._inotify.join()  # type: ignore[attr-defined]  # noqa: SLF001
    assert watch.healthy(live.now)
    assert watch.fileno() == before
    live.drop("talk.wav")
    hints(watch, until="talk.wav")


def test_the_scan_comes_more_often_while_events_are_broken(live: Eye) -> None:
    """Without events the next walk must be due after ``poll_seconds``, not ``rescan_seconds``."""
    scan = live.look()
    assert (scan.next_due or 0) - live.now > 20
    live.inbox.rmdir()
    watch = watch_of(live)
    assert rings(watch)
    watch.healthy(live.now)
    live.inbox.mkdir()
    scan = live.look()
    assert (scan.next_due or 0) - live.now <= 1


def test_children_do_not_inherit_the_descriptor(live: Eye) -> None:
    """No inotify descriptor may reach a program that is started with all its descriptors."""
    assert "inotify" in str(
        [link.readlink() for link in DESCRIPTORS.iterdir() if link.is_symlink()]
    )
    done = subprocess.run(
        ["ls", "-l", DESCRIPTORS], close_fds=False, capture_output=True, text=True, check=True
    )
    assert "inotify" not in done.stdout
    assert watch_of(live).mode == "events"


def test_closing_leaves_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    """Opening and closing many times must leave the process as it was."""
    (tmp_path / "inbox").mkdir()

    def used() -> tuple[int, int]:
        return threading.active_count(), len(list(DESCRIPTORS.iterdir()))

    open_watcher(tmp_path / "inbox", Settings()).close()
    before = used()
    for _ in range(5):
        open_watcher(tmp_path / "inbox", Settings()).close()
    assert used() == before
