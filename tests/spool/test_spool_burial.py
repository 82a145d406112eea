"""Bury: the dead letter, and the notice that people find."""

import shutil
from pathlib import Path

import pytest

from runner import spool
from runner.durable import calls
from runner.job.outcomes import OutcomeKind, Refusal
from runner.job.record import Reason
from runner.job.states import State
from runner.spool.notice import words
from tests.spool.world import NOW, World

REASON = Reason(code="not_media", text="it is a text file")
NOTICE = "talk.mp3.failed.txt"


def test_a_burial_keeps_the_recording_and_tells_its_owner(world: World) -> None:
    """Source, reason and log tail stay in failed/, a notice lies beside where the result would."""
    held = world.claim(folder="a")
    world.begin(held)
    spool.bury(held, REASON, world.law, now=NOW, log_tail="x" * 100_000 + "the end")
    assert held.state is State.FAILED
    assert held.source.read_text() == "sound"
    record = spool.read(world.layout, State.FAILED, held.id)
    assert record == held.record
    assert held.record.reason == REASON
    assert held.record.log_tail.endswith("the end")
    assert len(held.record.log_tail) < 70_000
    ((name, text),) = world.outbox().items()
    assert name == f"a/{NOTICE}"
    assert "it is a text file" in text
    assert held.id in text


@pytest.mark.parametrize(
    "code", [*(r.value for r in Refusal), *(k.value for k in OutcomeKind), "vanished", "other"]
)
def test_a_notice_is_plain_words(world: World, code: str) -> None:
    """Every reason must read as sentences: name, why, what to do, and no traceback."""
    record = world.claim("talk\n.mp3").record
    text = words(record, Reason(code=code, text="for a reason"), now=NOW).decode()
    assert text.startswith("talk\\n.mp3 was not transcribed.\n")
    assert "Why: for a reason" in text
    assert "What to do: " in text
    assert text.endswith(f"job: {record.id}\n")


def test_two_failures_of_one_name_leave_two_notices(world: World) -> None:
    """A notice never overwrites another."""
    for _ in range(2):
        spool.bury(world.claim(), REASON, world.law, now=NOW)
    assert sorted(world.outbox()) == ["talk.mp3.failed-2.txt", NOTICE]


def test_a_later_success_removes_the_notice(world: World) -> None:
    """After a retry that works the notice must be gone."""
    held = world.claim()
    spool.bury(held, REASON, world.law, now=NOW)
    assert spool.retry(held, now=NOW)
    held.close()
    again = spool.readmit(world.layout, held.id)
    assert isinstance(again, spool.Held)
    world.begin(again)
    world.work(again)
    spool.publish(again, world.law, now=NOW)
    again.close()
    assert sorted(world.outbox()) == ["talk.json", "talk.srt"]


def test_a_second_failure_replaces_its_own_notice(world: World) -> None:
    """One job, one notice."""
    held = world.claim()
    spool.bury(held, REASON, world.law, now=NOW)
    assert spool.retry(held, now=NOW)
    held.close()
    again = spool.readmit(world.layout, held.id)
    assert isinstance(again, spool.Held)
    world.begin(again)
    spool.bury(again, Reason(code="crashed", text="it crashed"), world.law, now=NOW)
    again.close()
    assert list(world.outbox()) == [NOTICE]
    assert "it crashed" in world.outbox()[NOTICE]


def test_a_mended_recording_removes_the_older_notice(world: World) -> None:
    """People mend a file and drop it again under its name: the old notice would lie."""
    failed = world.claim()
    spool.bury(failed, REASON, world.law, now=NOW)
    failed.close()
    spool.publish(world.finished(), world.law, now=NOW)
    assert sorted(world.outbox()) == ["talk.json", "talk.srt"]


def edit(notice: Path) -> None:
    """Somebody wrote into it."""
    notice.write_text(notice.read_text() + "I will look into it. Eve")


def swap(notice: Path) -> None:
    """Somebody put a copy in its place."""
    text = notice.read_text()
    notice.rename(notice.with_name("kept"))
    notice.write_text(text)


@pytest.mark.parametrize("change", [edit, swap])
def test_a_notice_that_is_no_longer_ours_stays(world: World, change: object) -> None:
    """What a person has changed is theirs: inode and content must both be ours."""
    held = world.claim()
    spool.bury(held, REASON, world.law, now=NOW)
    assert callable(change)
    change(world.layout.outbox / NOTICE)
    assert not spool.withdraw(held)
    assert NOTICE in world.outbox()


def test_a_notice_behind_a_link_stays(world: World, tmp_path: Path) -> None:
    """A link that was put in the notice's place is neither read nor followed."""
    held = world.claim()
    spool.bury(held, REASON, world.law, now=NOW)
    notice = world.layout.outbox / NOTICE
    notice.rename(tmp_path / "elsewhere")
    notice.symlink_to(tmp_path / "elsewhere")
    assert not spool.withdraw(held)
    assert (tmp_path / "elsewhere").exists()


def test_a_waiting_job_can_be_buried(world: World) -> None:
    """A cancelled job need not run again to be buried."""
    held = world.claim()
    spool.defer(held, delay=60, now=NOW)
    spool.bury(held, Reason(code="cancelled", text="cancelled"), world.law, now=NOW)
    assert world.states() == {held.id: "failed"}


def test_a_clash_of_notices_is_recorded_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the name is taken in the last moment the record must follow, then the move."""
    held = world.claim()
    real = calls.rename_noreplace

    def intrude(src: str, dst: str, **more: int) -> None:
        if dst == NOTICE:
            (world.layout.outbox / NOTICE).write_text("a stranger's")
        real(src, dst, **more)

    monkeypatch.setattr(calls, "rename_noreplace", intrude)
    spool.bury(held, REASON, world.law, now=NOW)
    assert held.record.notice is not None
    assert held.record.notice.name.text == "talk.mp3.failed-2.txt"
    assert world.outbox()[NOTICE] == "a stranger's"
    assert len(world.outbox()) == 2


def test_a_notice_that_is_gone_brings_no_folder_back(world: World) -> None:
    """Removing a failed job must not make anew the outbox folder that its owner removed."""
    held = world.claim(folder="theirs")
    spool.bury(held, Reason(code="not_media", text="x"), world.law, now=NOW)
    shutil.rmtree(world.layout.outbox / "theirs")
    spool.remove(held)
    assert list(world.layout.outbox.iterdir()) == []
