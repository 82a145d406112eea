"""What lies in an inbox and is no plain recording: names, kinds, folders, rights."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from runner.job.errors import SpoolError
from runner.job.outcomes import Refusal
from tests import needs
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import FORM, WAV, Eye, names, reasons, troubles, waits

JUNK = (
    ".hidden.wav", "talk.mp3.part", "talk.partial", "talk.filepart", "a.tmp", "a.mp3.crdownload",
    "~lock.wav", "talk.wav~", "._talk.wav", "desktop.ini", "Thumbs.db", "THUMBS.DB", "a.MP3.PART",
    "0123456789abcdef0123456789abcdef.talk.wav.0000000002",
)  # fmt: skip


@pytest.mark.parametrize("name", JUNK)
def test_temporary_names_are_passed_over(eye: Eye, name: str) -> None:
    """A temporary name must be neither claimed nor listed, by walk or by event."""
    path = eye.drop(name)
    eye.scanner.hint(path, renamed_in=True)
    scan = eye.settled()
    assert (scan.ready, scan.waiting_total, scan.troubled_total) == ((), 0, 0)


@pytest.mark.parametrize("folder", [".stfolder", "@eaDir", "a/#recycle"])
def test_junk_folders_are_not_entered(eye: Eye, folder: str) -> None:
    """What lies below a junk folder must stay unseen, by walk or by event."""
    path = eye.drop(f"{folder}/talk.wav")
    eye.scanner.hint(path, renamed_in=True)
    assert eye.settled().waiting_total == 0


def test_a_name_with_digits_is_no_junk(eye: Eye) -> None:
    """Ten digits alone, as ``upload_store`` names files, must be taken."""
    eye.drop("0000000001")
    eye.drop("take.00000000012.wav")
    assert len(eye.settled().ready) == 2


def test_patterns_come_from_the_settings(make_eye: MakeEye) -> None:
    """Junk must be what the settings say, and nothing else."""
    eye = make_eye(junk_names=("skip*",), junk_folders=())
    for name in ("skip.wav", ".take.wav", ".dir/take.wav"):
        eye.drop(name)
    assert sorted(names(eye.settled())) == [".dir/take.wav", ".take.wav"]


def make_socket(path: Path) -> None:
    """Leave a socket at ``path``."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.fspath(path))


KINDS = {
    "a symbolic link": lambda path: path.symlink_to("/etc/passwd"),
    "a named pipe": os.mkfifo,
    "a socket": make_socket,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_listed_and_left_alone(eye: Eye, kind: str) -> None:
    """A link, pipe or socket must be listed with a cure, never opened, followed or claimed."""
    path = eye.inbox / "odd.wav"
    KINDS[kind](path)
    eye.scanner.hint(path, renamed_in=True)
    scan = eye.settled()
    assert (scan.ready, scan.refused, scan.unsettled) == ((), (), 0)
    assert troubles(scan)["odd.wav"].startswith(f"is {kind}")
    assert scan.troubled[0].cure
    path.unlink()
    eye.drop("odd.wav")
    eye.look(later=31)
    assert names(eye.look(later=2)) == ["odd.wav"]
    assert troubles(eye.look()) == {}


@needs.root()
def test_a_device_is_listed_and_never_opened(eye: Eye) -> None:
    """A device must not be opened: opening alone may do something."""
    os.mknod(eye.inbox / "tape.wav", 0o20666, os.makedev(1, 3))
    assert troubles(eye.settled())["tape.wav"].startswith("is a device")


def test_a_symbolic_link_to_a_folder_is_not_entered(eye: Eye) -> None:
    """A linked folder must be listed, and nothing behind it be seen."""
    outside = eye.inbox.parent / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(WAV)
    (eye.inbox / "door").symlink_to(outside)
    scan = eye.settled()
    assert (scan.waiting_total, list(troubles(scan))) == (0, ["door"])
    eye.scanner.hint(eye.inbox / "door/secret.wav", renamed_in=True)
    assert eye.look().waiting_total == 0


def test_a_folder_swapped_for_a_link_leads_nowhere(make_eye: MakeEye) -> None:
    """A file seen in a folder must not be read through a link that took the folder's place."""
    eye = make_eye(poll_seconds=1000)  # no walk comes between
    eye.drop("show/talk.wav")
    eye.look()
    outside = eye.inbox.parent / "outside"
    (eye.inbox / "show").rename(outside)
    (eye.inbox / "show").symlink_to(outside)
    scan = eye.look(later=2.0)
    assert (scan.ready, scan.refused) == ((), ())


def test_a_hard_link_waits_until_it_is_the_only_name(eye: Eye) -> None:
    """A file with another name must be listed with the cure, and taken once that is gone."""
    other = eye.inbox.parent / "original.wav"
    other.write_bytes(WAV)
    (eye.inbox / "talk.wav").hardlink_to(other)
    scan = eye.settled()
    assert (scan.ready, scan.unsettled) == ((), 0)
    assert "another name" in troubles(scan)["talk.wav"]
    other.unlink()
    eye.look(later=6)
    scan = eye.look(later=2)
    assert (names(scan), troubles(scan)) == (["talk.wav"], {})


def test_a_file_over_the_limit_is_refused_unread(make_eye: MakeEye) -> None:
    """A sparse giant must be refused with both sizes, only after it has settled."""
    eye = make_eye(max_upload_bytes=1024**2)
    path = eye.drop("huge.wav", b"")
    os.truncate(path, 3 * 1024**4)
    assert reasons(eye.look()) == {}
    scan = eye.look(later=2.0)
    assert reasons(scan) == {"huge.wav": "the file has 3 TiB, the runner takes at most 1 MiB"}
    assert scan.refused[0].reason.code == Refusal.TOO_LARGE


def test_no_limit_when_the_setting_is_zero(make_eye: MakeEye) -> None:
    """``max_upload_bytes = 0`` must mean no limit."""
    eye = make_eye(max_upload_bytes=0)
    os.truncate(eye.drop("huge.wav"), 1024**4)
    assert names(eye.settled()) == ["huge.wav"]


def test_folders_are_followed_to_their_depth(make_eye: MakeEye) -> None:
    """Sub-folders must count, down to the limit; a deeper one is listed."""
    eye = make_eye(folder_depth=2)
    for name in ("top.wav", "a/one.wav", "a/b/two.wav", "a/b/c/three.wav"):
        eye.drop(name)
    eye.scanner.hint(eye.inbox / "a/b/c/three.wav", renamed_in=True)
    scan = eye.settled()
    assert sorted(names(scan)) == ["a/b/two.wav", "a/one.wav", "top.wav"]
    assert list(troubles(scan)) == ["a/b/c"]
    entry = next(e for e in scan.ready if e.name == "two.wav")
    assert (entry.folder, entry.path) == ("a/b", eye.inbox / "a/b/two.wav")


HOSTILE = (
    b"job.json.wav", b"-rf.wav", b"%s%n.wav", b"concat:a.wav", b"new\nline.wav", b"\xff\xfe.wav",
    "\u202egpj.wav".encode(), "cafe\u0301.wav".encode(), "caf\u00e9.wav".encode(), b" .wav",
    b"\\.wav",
    b"a" * 251 + b".wav", "\U0001f3a4".encode() * 62 + b".wav", "한글 이름.wav".encode(),
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_data(eye: Eye, name: bytes) -> None:
    """Any name must come through unchanged, in bytes, from disk to entry."""
    eye.drop(os.fsdecode(name))
    (entry,) = eye.settled().ready
    assert os.fsencode(entry.display.on_disk()) == name
    assert os.fsencode(entry.path.name) == name
    assert entry.unchanged(entry.path.lstat())


def test_names_are_shown_without_control_characters(eye: Eye) -> None:
    """A name that waits must be printable where people see it."""
    eye.drop(os.fsdecode(b"a\x1b[31m\nb\xff.wav"))
    (name,) = waits(eye.look())
    assert name.isprintable()
    assert "b\\xff.wav" in name


def test_a_claim_that_the_system_refuses_is_put_off(eye: Eye) -> None:
    """A set-back file must be listed, not offered, and come again after longer and longer."""
    eye.drop("talk.wav")
    (entry,) = eye.settled().ready
    pauses = []
    for _ in range(3):
        eye.scanner.set_back(entry, "the system says no", cure="ask it", now=eye.now)
        scan = eye.look()
        assert (scan.ready, troubles(scan)) == ((), {"talk.wav": "the system says no"})
        set_back_at = eye.now
        while not eye.look(later=1.0).ready:
            pass
        pauses.append(eye.now - set_back_at)
    assert pauses == [5, 7, 14]  # as long as it has been known, at least 5 s
    assert troubles(eye.look()) == {}


def test_put_names_are_decoded_and_others_are_not(eye: Eye) -> None:
    """Only ``<32 hex>.<percent-encoded>`` must be decoded; its hex is the upload's id."""
    hexes = "0123456789abcdef" * 2
    told = {
        f"{hexes}.caf%C3%A9%20one.wav": (hexes, "café one.wav"),
        f"{hexes}.a%2Fb.wav": (hexes, "a_b.wav"),
        f"{hexes}.%2e%2e": (hexes, "upload"),
        f"{hexes}.100%.wav": (None, f"{hexes}.100%.wav"),
        f"{hexes}.한글.wav": (None, f"{hexes}.한글.wav"),
        f"{hexes[:31]}.a%20b.wav": (None, f"{hexes[:31]}.a%20b.wav"),
        f"{hexes.upper()}.a%20b.wav": (None, f"{hexes.upper()}.a%20b.wav"),
        "plain%20name.wav": (None, "plain%20name.wav"),
    }
    for name in told:
        eye.drop(name)
    found = {e.name: (e.upload_id, e.display.text) for e in eye.settled().ready}
    assert found == told


def test_bytes_of_a_put_name_that_are_no_text_survive(eye: Eye) -> None:
    """A decoded name that is not UTF-8 must keep its raw bytes."""
    eye.drop("0123456789abcdef" * 2 + ".%FF%00.wav")
    (entry,) = eye.settled().ready
    assert os.fsencode(entry.display.on_disk()) == b"\xff_.wav"


def test_an_inbox_that_is_gone_ends_the_daemon(eye: Eye) -> None:
    """Our own folder missing is no value but an error with one sentence."""
    eye.look()
    eye.inbox.rmdir()
    with pytest.raises(SpoolError, match="inbox: No such file or directory"):
        eye.look(later=60)


def test_a_part_whose_claim_is_refused_sets_its_form_back(eye: Eye) -> None:
    """A refused claim in staging must not be tried again every turn."""
    part = eye.staging / "0000000001"
    part.write_bytes(WAV)
    digest = hashlib.sha256(WAV).hexdigest()
    fields = {"name": "a.wav", "path": part, "size": len(WAV), "sha256": digest}
    head = 'Content-Disposition: form-data; name="{}"'
    text = "".join(f"--x\r\n{head.format(k)}\r\n\r\n{v}\r\n" for k, v in fields.items())
    eye.rename_in(f"{FORM}.form", f"{text}--x--\r\n".encode())
    (entry,) = eye.look().ready
    eye.scanner.set_back(entry, "the system says no", now=eye.now)
    assert (eye.look().ready, list(troubles(eye.look()))) == ((), [f"{FORM}.form"])
    assert len(eye.look(later=5).ready) == 1
