"""When a dropped file is ready: leases are real, the clock is the test's."""

import os
from pathlib import Path

from runner.inbox import being_written, still_untouched
from runner.inbox.tickets import Candidate, read, write
from tests import needs
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import WAV, Eye, names, reasons, waits

pytestmark = needs.linux()


def test_a_copied_file_is_ready_when_it_has_been_quiet_long_enough(eye: Eye) -> None:
    """A file written in place must wait for the whole settle time, and no longer."""
    eye.drop("talk.wav")
    assert names(eye.look()) == []
    assert waits(eye.look(later=1.9)) == {"talk.wav": "settles"}
    assert names(eye.look(later=0.1)) == ["talk.wav"]


def test_a_renamed_in_file_is_ready_at_once(eye: Eye) -> None:
    """A file that came whole by rename, with nobody writing, must not wait."""
    eye.rename_in("talk.wav")
    assert names(eye.look()) == ["talk.wav"]


def test_a_file_held_open_for_writing_is_never_ready(eye: Eye) -> None:
    """An open writer must keep a file back, however quiet it is and however it came."""
    path = eye.drop("slow.wav")
    with path.open("ab"):
        eye.look()
        assert waits(eye.look(later=3600)) == {"slow.wav": "is being written"}
        eye.scanner.hint(path, renamed_in=True)
        assert names(eye.look()) == []
    eye.scanner.hint(path, renamed_in=False)
    assert names(eye.look()) == ["slow.wav"]


def test_a_renamed_in_file_is_asked_for_again_when_its_writer_closes(eye: Eye) -> None:
    """The close after a rename (nginx) must make the file ready, with no settling."""
    outside = eye.inbox.parent / "upload"
    with outside.open("wb") as upload:
        upload.write(WAV)
        upload.flush()
        outside.rename(eye.inbox / "talk.wav")
        eye.scanner.hint(eye.inbox / "talk.wav", renamed_in=True)
        assert names(eye.look()) == []
    eye.scanner.hint(eye.inbox / "talk.wav", renamed_in=False)
    assert names(eye.look()) == ["talk.wav"]


def test_every_change_begins_the_quiet_period_anew(eye: Eye) -> None:
    """Size, ctime or inode changing must each start the wait again."""
    path = eye.drop("talk.wav")
    eye.look()
    eye.now += 1.9
    with path.open("ab") as file:
        file.write(b"more")
    assert names(eye.look(later=0.2)) == []
    eye.now += 1.9
    path.chmod(0o640)
    assert names(eye.look(later=0.2)) == []
    eye.now += 1.9
    other = eye.inbox.parent / "other"
    other.write_bytes(path.read_bytes())
    other.rename(path)
    assert names(eye.look(later=0.2)) == []
    assert names(eye.look(later=2.0)) == ["talk.wav"]


def test_mtime_plays_no_part(eye: Eye) -> None:
    """A client's mtime, ancient or in the future, must change neither readiness nor order."""
    for name, mtime in (("a.wav", 9e9), ("b.wav", 0)):
        os.utime(eye.drop(name), (mtime, mtime))
    eye.look()
    assert names(eye.look(later=1.0)) == []
    assert names(eye.look(later=1.0)) == ["a.wav", "b.wav"]


def test_the_start_obeys_the_same_rule(make_eye: MakeEye) -> None:
    """A file found at the start must settle too, however old it is."""
    (eye := make_eye()).drop("old.wav")
    again = make_eye()
    assert names(again.look()) == []
    assert names(again.look(later=2.0)) == ["old.wav"]
    assert eye.settings.settle_seconds == "auto"


def test_without_leases_the_quiet_period_is_longer(make_eye: MakeEye) -> None:
    """Where the kernel can't vouch, ten seconds must pass, for renamed-in files too."""
    eye = make_eye(linux_calls=False)
    eye.drop("copied.wav")
    eye.rename_in("renamed.wav")
    assert names(eye.look(later=0.0)) == []
    assert names(eye.look(later=9.9)) == []
    assert sorted(names(eye.look(later=0.1))) == ["copied.wav", "renamed.wav"]


def test_a_number_in_the_settings_holds(make_eye: MakeEye) -> None:
    """``settle_seconds`` as a number must replace both quiet periods."""
    eye = make_eye(settle_seconds=5, linux_calls=False)
    eye.drop("talk.wav")
    eye.look()
    assert names(eye.look(later=4.9)) == []
    assert names(eye.look(later=0.1)) == ["talk.wav"]


def test_the_order_is_ctime_then_name(eye: Eye) -> None:
    """Older changes must go first; the limit must cut the newest off."""
    for name in ("c.wav", "a.wav", "b.wav"):
        path = eye.drop(name)
        before = path.stat().st_ctime_ns
        while path.stat().st_ctime_ns == before:  # the kernel's clock is coarse
            path.chmod(0o600)
    assert names(eye.settled()) == ["c.wav", "a.wav", "b.wav"]
    assert names(eye.look(limit=2)) == ["c.wav", "a.wav"]
    tickets = sorted(write(Candidate(name, 7, 1, 1, 1.0, renamed=False)) for name in "zyx")
    assert [read(ticket).path for ticket in tickets] == ["x", "y", "z"]


def test_what_is_offered_stays_until_it_is_taken(eye: Eye) -> None:
    """A ready file must be offered again, and forgotten when it is gone."""
    path = eye.drop("talk.wav")
    assert names(eye.settled()) == ["talk.wav"]
    scan = eye.look()
    assert names(scan) == ["talk.wav"]
    assert (scan.waiting_total, scan.unsettled) == (0, 1)
    path.unlink()
    scan = eye.look(limit=0)
    assert (names(scan), scan.unsettled) == ([], 0)


def test_a_file_that_was_told_of_twice_is_offered_once(eye: Eye) -> None:
    """A hint for a file that has its turn already must not give it a second one."""
    path = eye.drop("talk.wav")
    eye.settled(limit=0)
    for renamed in (True, False, True):
        eye.scanner.hint(path, renamed_in=renamed)
        eye.look(limit=0)
    assert names(eye.look()) == ["talk.wav"]


def test_an_empty_file_settles_and_is_refused(eye: Eye) -> None:
    """An empty file must get its quiet period, by rename too, and then the reason."""
    eye.rename_in("empty.wav", b"")
    assert reasons(eye.look()) == {}
    assert reasons(eye.look(later=2.0)) == {"empty.wav": "the file is empty"}


def test_a_bad_file_is_told_though_nothing_can_be_claimed(eye: Eye) -> None:
    """With no slot free a file that can only be refused must be reported all the same."""
    eye.drop("letter.mp3", b"Dear all,\n")
    scan = eye.settled(limit=0)
    assert reasons(scan) == {"letter.mp3": "this is a text file, not a recording"}


def test_after_the_claim_the_same_file_is_recognised(eye: Eye, tmp_path: Path) -> None:
    """After a rename the file must count as untouched; grown, replaced or open: not."""
    eye.drop("talk.wav")
    (entry,) = eye.settled().ready
    assert entry.unchanged(entry.path.stat())
    source = tmp_path / "source"
    entry.path.rename(source)
    assert still_untouched(entry, source)
    with source.open("ab") as late:
        assert not still_untouched(entry, source)
        assert being_written(source)
        late.write(b"more")
    assert not still_untouched(entry, source)
    assert not being_written(source)
    assert not still_untouched(entry, tmp_path / "absent")
