"""What is on the device before what: the order of syncs and renames, move by move.

A power cut may undo every rename that was not synced, so each promise rests on an order here.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import spool
from runner.durable import calls
from runner.job.record import Reason
from tests import needs
from tests.spool.world import NOW, World

pytestmark = needs.linux()


def log_of(world: World, monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> list[str]:
    """Return ``action``'s renames and syncs, as paths in the spool, ID for the job's id."""
    log: list[str] = []
    root = str(world.layout.root) + "/"

    def short(path: str) -> str:
        path = path.removeprefix(root)
        for part in path.split("/"):
            if len(part.lstrip(".")) == 26:
                path = path.replace(part.lstrip("."), "ID")
        return "draft" if ".tmp-" in path else path

    def fsync(fd: int) -> None:
        log.append("sync " + short(str(Path(f"/proc/self/fd/{fd}").readlink())))

    def noting(name: str) -> None:
        real = getattr(calls, name)

        def call(src: Any, dst: Any, **more: Any) -> None:
            real(src, dst, **more)
            folder = more.get("dst_dir_fd")
            if folder is not None:
                dst = f"{Path(f'/proc/self/fd/{folder}').readlink()}/{dst}"
            log.append("name " + short(os.fspath(dst)))

        monkeypatch.setattr(calls, name, call)

    monkeypatch.setattr(calls, "fsync", fsync)
    noting("rename")
    noting("rename_noreplace")
    action()
    return log


SAVED = ["sync draft", "name active/ID/job.json", "sync active/ID"]


def test_a_claim_is_prepared_on_the_device(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intent and its directory must be safe before the file's name changes."""
    entry = world.entry(world.drop())
    assert log_of(world, monkeypatch, lambda: world.try_claim(entry)) == [
        "name active/ID", "sync active/ID/job.json", "sync active/ID", "sync active",
        "name active/ID/source",
    ]  # fmt: skip


def test_a_sidecar_follows_its_recording(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording's rename must be safe before the sidecar's is made."""
    sidecar = world.drop("talk.mp3.toml")
    entry = world.entry(world.drop(), sidecar=sidecar)
    assert log_of(world, monkeypatch, lambda: world.try_claim(entry))[-3:] == [
        "name active/ID/source", "sync active/ID", "name active/ID/sidecar.toml",
    ]  # fmt: skip


def test_begin_makes_claim_and_count_safe(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record's sync is also that of the source's name and of the attempt's folder."""
    held = world.claim()
    assert log_of(world, monkeypatch, lambda: world.begin(held)) == SAVED


def test_publish_is_ordered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Intent, renderings, sync, marker, sync, done, sync; five syncs, and the file's own."""
    held = world.finished(formats=("srt", "vtt", "json"))
    publish = lambda: spool.publish(held, world.law, now=NOW)  # noqa: E731
    assert log_of(world, monkeypatch, publish) == [
        *SAVED,
        "name outbox/talk.srt", "name outbox/talk.vtt", "sync outbox",
        "name outbox/talk.json", "sync outbox",
        "name done/ID", "sync done",
    ]  # fmt: skip


def test_bury_is_ordered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notice beside the record, intent, notice, then the rename."""
    held = world.claim()
    reason = Reason(code="not_media", text="x")
    bury = lambda: spool.bury(held, reason, world.law, now=NOW)  # noqa: E731
    assert log_of(world, monkeypatch, bury) == [
        "sync draft", "name active/ID/notice.txt", "sync active/ID",
        *SAVED,
        "name outbox/talk.mp3.failed.txt", "sync outbox",
        "name failed/ID", "sync failed",
    ]  # fmt: skip


def test_defer_and_retry_are_saved_before_they_move(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time and the reset must be safe before the directory's rename."""
    held = world.claim()
    defer = lambda: spool.defer(held, delay=1, now=NOW)  # noqa: E731
    assert log_of(world, monkeypatch, defer) == [*SAVED, "name deferred/ID", "sync deferred"]
    spool.bury(held, Reason(code="x", text="x"), world.law, now=NOW)
    retry = lambda: spool.retry(held, now=NOW)  # noqa: E731
    assert log_of(world, monkeypatch, retry)[-3:] == [
        "sync failed/ID", "name deferred/ID", "sync deferred",
    ]  # fmt: skip


def test_folders_in_the_outbox_are_safe_before_what_is_in_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new folder's name must be synced before a result is moved into it."""
    held = world.finished(folder="a/b")
    publish = lambda: spool.publish(held, world.law, now=NOW)  # noqa: E731
    log = log_of(world, monkeypatch, publish)
    first = log.index("name outbox/a/b/talk.srt")
    assert "sync outbox" in log[:first]
    assert "sync outbox/a" in log[:first]
