"""Publish: names, clashes, kinds of outbox, and what an END must hold."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from runner import spool
from runner.durable import calls
from runner.job.errors import SpoolError
from runner.job.record import Reason
from runner.job.states import State
from tests.spool.world import NOW, World


def names(world: World) -> list[str]:
    """Return the names in the outbox."""
    return sorted(world.outbox())


def test_the_result_is_delivered_and_the_job_is_done(world: World) -> None:
    """The renderings must be in the outbox, the job in done/ with its END and its source."""
    held = world.finished()
    assert spool.publish(held, world.law, now=NOW) == ["talk.srt", "talk.json"]
    assert names(world) == ["talk.json", "talk.srt"]
    assert held.state is State.DONE
    assert (held.path / "attempt-1" / "result.json").exists()
    assert held.source.exists()
    record = spool.read(world.layout, State.DONE, held.id)
    assert record == held.record
    assert held.record.attempts[-1].outcome == "end"
    assert [d.name.text for d in held.record.deliveries] == ["talk.srt", "talk.json"]
    assert {d.how for d in held.record.deliveries} == {"rename"}


def test_published_twice_is_published_once(world: World) -> None:
    """A verdict that is tried again after its rename must change nothing."""
    held = world.finished()
    first = spool.publish(held, world.law, now=NOW)
    assert spool.publish(held, world.law, now=NOW) == first
    assert names(world) == ["talk.json", "talk.srt"]


def test_the_marker_is_the_last_and_comes_after_a_sync(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The json goes last though it was chosen first; before it the folder is synced."""
    steps: list[str] = []
    outbox = world.layout.outbox.stat().st_ino
    real = calls.rename_noreplace

    def move(src: Any, dst: Any, **more: Any) -> None:
        steps.append(os.fspath(dst))
        real(src, dst, **more)

    def sync(fd: int) -> None:
        if os.fstat(fd).st_ino == outbox:
            steps.append("sync")

    held = world.finished(formats=("json", "txt", "srt"))
    monkeypatch.setattr(calls, "rename_noreplace", move)
    monkeypatch.setattr(calls, "fsync", sync)
    spool.publish(held, world.law, now=NOW)
    assert steps == ["talk.txt", "talk.srt", "sync", "talk.json", "sync"]


def test_the_names_are_recorded_before_anything_is_visible(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first move the record on the disk must hold all names."""
    held = world.finished()
    real = calls.rename_noreplace
    planned: list[list[str]] = []

    def move(src: Any, dst: Any, **more: Any) -> None:
        record = spool.read(world.layout, State.ACTIVE, held.id)
        assert isinstance(record, type(held.record))
        planned.append([d.name.text for d in record.deliveries])
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", move)
    spool.publish(held, world.law, now=NOW)
    assert planned == [["talk.srt", "talk.json"]] * 2


def test_a_clash_numbers_all_renderings_alike(world: World) -> None:
    """Two recordings with one stem must both be delivered, each under one number."""
    (world.layout.outbox / "talk.json").write_text("a stranger's")
    for name in ("talk.mp3", "talk.wav"):
        spool.publish(world.finished(name), world.law, now=NOW)
    assert names(world) == ["talk-2.json", "talk-2.srt", "talk-3.json", "talk-3.srt", "talk.json"]
    assert world.outbox()["talk.json"] == "a stranger's"


def test_a_clash_in_the_middle_numbers_what_is_not_visible_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is visible keeps its name; the rest takes the next number together."""
    held = world.finished(formats=("srt", "vtt", "json"))
    real = calls.rename_noreplace

    def intrude(src: Any, dst: Any, **more: Any) -> None:
        if dst == "talk.vtt":
            (world.layout.outbox / "talk.vtt").write_text("a stranger's")
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", intrude)
    delivered = spool.publish(held, world.law, now=NOW)
    assert delivered == ["talk.srt", "talk-2.vtt", "talk-2.json"]
    assert world.outbox()["talk.vtt"] == "a stranger's"
    assert set(names(world)) == {*delivered, "talk.vtt"}


def test_replace_replaces(world: World) -> None:
    """For media players the newest result takes the old one's name."""
    (world.layout.outbox / "talk.srt").write_text("old")
    held = world.finished()
    spool.publish(held, spool.PublishLaw(on_existing="replace"), now=NOW)
    assert names(world) == ["talk.json", "talk.srt"]
    assert world.outbox()["talk.srt"] != "old"
    assert held.record.deliveries[0].how == "replace"


def test_replace_does_not_replace_a_folder(world: World) -> None:
    """A folder of that name stays; the result takes a number."""
    (world.layout.outbox / "talk.srt").mkdir()
    held = world.finished()
    spool.publish(held, spool.PublishLaw(on_existing="replace"), now=NOW)
    assert (world.layout.outbox / "talk.srt").is_dir()
    assert set(names(world)) == {"talk-2.json", "talk-2.srt"}


def test_skip_delivers_all_or_nothing(world: World) -> None:
    """When any name is taken nothing is delivered; the renderings stay with the job."""
    (world.layout.outbox / "talk.srt").write_text("old")
    held = world.finished()
    assert spool.publish(held, spool.PublishLaw(on_existing="skip"), now=NOW) == []
    assert names(world) == ["talk.srt"]
    assert held.state is State.DONE
    assert (held.path / "attempt-1" / "rendering.json").exists()


def test_skip_in_the_middle_leaves_what_came_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is taken after the plan was made is skipped as well."""
    held = world.finished()
    real = calls.rename_noreplace

    def intrude(src: Any, dst: Any, **more: Any) -> None:
        (world.layout.outbox / "talk.json").write_text("a stranger's")
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", intrude)
    law = spool.PublishLaw(on_existing="skip")
    assert spool.publish(held, law, now=NOW) == ["talk.srt"]
    assert world.outbox()["talk.json"] == "a stranger's"


def test_sub_folders_are_mirrored(world: World) -> None:
    """A file from inbox/a/b comes out in outbox/a/b, whose folders have the outbox's mode."""
    held = world.finished("talk.mp3", folder="a/b")
    spool.publish(held, world.law, now=NOW)
    assert names(world) == ["a/b/talk.json", "a/b/talk.srt"]
    for folder in ("a", "a/b"):
        assert stat.S_IMODE((world.layout.outbox / folder).stat().st_mode) == 0o2770


def test_a_link_in_the_outbox_leads_nowhere(world: World, tmp_path: Path) -> None:
    """A planted symbolic link must neither be followed as a folder nor written through."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (world.layout.outbox / "a").symlink_to(elsewhere)
    (world.layout.outbox / "talk.srt").symlink_to(elsewhere / "planted")
    spool.publish(world.finished("talk.mp3", folder="a"), world.law, now=NOW)
    spool.publish(world.finished("talk.mp3"), world.law, now=NOW)
    assert list(elsewhere.iterdir()) == []
    assert names(world) == ["a-2/talk.json", "a-2/talk.srt", "talk-2.json", "talk-2.srt"]


def test_a_file_in_the_way_of_a_folder_gives_the_folder_a_number(world: World) -> None:
    """outbox/a may be somebody's file; the result still comes, and the record says where."""
    (world.layout.outbox / "a").write_text("a file")
    held = world.finished("talk.mp3", folder="a")
    assert spool.publish(held, world.law, now=NOW) == ["a-2/talk.srt", "a-2/talk.json"]


def test_a_folder_that_is_taken_away_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader may remove the folder between the plan and the move."""
    held = world.finished("talk.mp3", folder="a")
    real = calls.rename_noreplace
    removed: list[bool] = []

    def meddle(src: Any, dst: Any, **more: Any) -> None:
        if not removed:
            removed.append(True)
            (world.layout.outbox / "a").rmdir()
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", meddle)
    spool.publish(held, world.law, now=NOW)
    assert names(world) == ["a/talk.json", "a/talk.srt"]


def test_a_folder_that_becomes_useless_before_the_rest_is_recorded_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the planned folder turns into a file, the record follows before the move does."""
    held = world.finished("talk.mp3", folder="a")
    real = calls.rename_noreplace
    done: list[bool] = []

    def meddle(src: Any, dst: Any, **more: Any) -> None:
        if not done:
            done.append(True)
            (world.layout.outbox / "a").rmdir()
            (world.layout.outbox / "a").write_text("a file")
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", meddle)
    assert spool.publish(held, world.law, now=NOW) == ["a-2/talk.srt", "a-2/talk.json"]
    assert set(names(world)) == {"a", "a-2/talk.srt", "a-2/talk.json"}


def test_modes_and_group_are_set_before_the_file_is_visible(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader of the group must never see a file that it can't read."""
    seen: list[tuple[int, int]] = []
    real = calls.rename_noreplace

    def move(src: Any, dst: Any, **more: Any) -> None:
        facts = Path(src).stat()
        seen.append((stat.S_IMODE(facts.st_mode), facts.st_gid))
        real(src, dst, **more)

    held = world.finished()
    monkeypatch.setattr(calls, "rename_noreplace", move)
    spool.publish(held, spool.PublishLaw(output_mode=0o640), now=NOW)
    assert set(seen) == {(0o640, world.layout.outbox.stat().st_gid)}


def test_a_publish_can_not_be_turned_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the names are recorded neither a burial nor a defer may take the job elsewhere."""
    held = world.finished()

    def full(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(calls, "rename_noreplace", full)
    with pytest.raises(SpoolError):
        spool.publish(held, world.law, now=NOW)
    with pytest.raises(SpoolError, match="only go forward"):
        spool.defer(held, delay=0, now=NOW)
    with pytest.raises(SpoolError, match="only go forward"):
        spool.bury(held, Reason(code="cancelled", text="x"), world.law, now=NOW)
    assert world.states() == {held.id: "active"}


def test_links_are_used_where_there_is_no_such_rename(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record must say ``link`` before the first link is made."""
    held = world.finished()

    def missing(*_args: object, **_more: object) -> None:
        raise OSError(22, "Invalid argument")

    real = calls.link
    said: list[str] = []

    def link(*args: Any, **more: Any) -> None:
        record = spool.read(world.layout, State.ACTIVE, held.id)
        assert isinstance(record, type(held.record))
        said.extend(delivery.how for delivery in record.deliveries)
        real(*args, **more)

    monkeypatch.setattr(calls, "rename_noreplace", missing)
    monkeypatch.setattr(calls, "link", link)
    spool.publish(held, world.law, now=NOW)
    assert set(said) == {"link"}
    assert names(world) == ["talk.json", "talk.srt"]
    assert (world.layout.outbox / "talk.srt").stat().st_nlink == 1


def test_language_and_id_can_be_in_the_name(world: World) -> None:
    """The template's fields are replaced by what the END says."""
    held = world.finished()
    law = spool.PublishLaw(outbox_name="{stem}.{language}.{format}")
    assert spool.publish(held, law, now=NOW) == ["talk.en.srt", "talk.en.json"]


def test_an_end_that_does_not_hold_is_not_published(world: World) -> None:
    """Whoever asks to publish a lie gets an error, and nothing becomes visible."""
    held = world.finished()
    (held.attempt_dir(1) / "rendering.srt").write_text("something else")
    with pytest.raises(SpoolError, match=r"rendering\.srt"):
        spool.publish(held, world.law, now=NOW)
    assert names(world) == []
    assert held.record.publishing == 0


def test_a_full_disk_in_the_middle_is_continued(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish that failed may be asked again and goes on where it stopped."""
    held = world.finished()
    real = calls.rename_noreplace

    def full(src: Any, dst: Any, **more: Any) -> None:
        if dst == "talk.json":
            raise OSError(28, "No space left on device")
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", full)
    with pytest.raises(SpoolError) as caught:
        spool.publish(held, world.law, now=NOW)
    assert caught.value.errno == 28
    assert names(world) == ["talk.srt"]
    monkeypatch.setattr(calls, "rename_noreplace", real)
    assert spool.publish(held, world.law, now=NOW) == ["talk.srt", "talk.json"]
