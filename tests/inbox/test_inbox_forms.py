"""Announcements of nginx's ``upload_store``: a form in the inbox, parts in staging."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.inbox.announced import LARGEST_FORM
from runner.inbox.form import FormError, parse
from runner.job.outcomes import Refusal
from tests import needs
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import FORM, WAV, Eye, names, reasons, waits

BOUNDARY = "----WebKitFormBoundaryAbC123"
UPLOAD = f"{FORM}.form"


def form(*parts: dict[str, Any]) -> bytes:
    """Write a form as the module rewrites it: CRLF, no header, the boundary first."""
    lines = []
    for part in parts:
        for field, value in part.items():
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'
            lines.append(head.encode() + os.fsencode(str(value)) + b"\r\n")
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


def stored(eye: Eye, number: int, name: str = "talk.wav", data: bytes = WAV) -> dict[str, Any]:
    """Store a part as nginx does and return its fields."""
    path = eye.staging / f"{number:010}"
    path.write_bytes(data)
    return {
        "name": name, "type": "audio/wav", "path": path, "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip


def announce(eye: Eye, *parts: dict[str, Any]) -> Path:
    """Put a form into the inbox by rename."""
    return eye.rename_in(UPLOAD, form(*parts))


def test_each_part_becomes_a_job_of_its_own(eye: Eye) -> None:
    """Parts must be offered from staging with name, number, checksum and upload id."""
    one, two = stored(eye, 1, "erste Aufnahme.mp3"), stored(eye, 2, "C:\\fakepath\\둘.wav")
    announce(eye, one, two)
    first, second = eye.look().ready
    assert (first.path, first.upload_id, first.upload) == (one["path"], FORM, f"{FORM}/1")
    assert (second.upload, second.display.text) == (f"{FORM}/2", "둘.wav")
    assert second.expected_sha256 == two["sha256"]
    assert first.display.text == "erste Aufnahme.mp3"
    assert first.notes == ("the name says .mp3, the content is WAV",)
    assert (first.size, first.folder) == (len(WAV), "")
    assert first.unchanged(first.path.stat())


def test_the_form_is_finished_when_every_job_exists(eye: Eye) -> None:
    """The form must stay until all its parts have jobs, then be named for removal."""
    announce(eye, stored(eye, 1), stored(eye, 2))
    for entry in eye.look(limit=1).ready:
        entry.path.unlink()
        eye.known.add(entry.upload or "")
    (entry,) = eye.look().ready
    assert entry.upload == f"{FORM}/2"
    assert eye.look().finished_forms == ()
    entry.path.unlink()
    eye.known.add(f"{FORM}/2")
    assert eye.look().finished_forms == (eye.inbox / UPLOAD,)


def test_a_replay_after_a_crash_is_harmless(eye: Eye) -> None:
    """A form whose parts have their jobs must only be removed, though others' data lies there."""
    part = stored(eye, 1)
    eye.known.add(f"{FORM}/1")
    part["path"].write_bytes(WAV + b"a later upload under the same number")
    announce(eye, part)
    scan = eye.look()
    assert (scan.ready, scan.refused) == ((), ())
    assert scan.finished_forms == (eye.inbox / UPLOAD,)


def test_a_part_that_is_missing_and_has_no_job_refuses_the_form(eye: Eye) -> None:
    """The rest must become jobs first, then the form is buried under the missing one's name."""
    there, missing = stored(eye, 1), stored(eye, 2, "lost.wav")
    missing["path"].unlink()
    announce(eye, there, missing)
    scan = eye.look()
    assert ([e.upload for e in scan.ready], scan.refused) == ([f"{FORM}/1"], ())
    there["path"].unlink()
    eye.known.add(f"{FORM}/1")
    scan = eye.look()
    assert scan.finished_forms == ()
    (refused,) = scan.refused
    assert refused.reason.text == "the stored file of lost.wav is missing in staging/"
    assert refused.reason.code == Refusal.BAD_UPLOAD
    assert (refused.entry.path, refused.entry.display.text) == (eye.inbox / UPLOAD, "lost.wav")


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../active/x/source", "{staging}/../inbox/other.wav",
     "{staging}/.build/job.json",
     "{staging}/.trash-1/source", "0000000001", "{staging}", "{staging}x/1", "{staging}/a\0b"],
)  # fmt: skip
def test_a_part_outside_staging_is_refused(eye: Eye, path: str) -> None:
    """A form must not be able to name anything but finished uploads."""
    (eye.staging / ".build").mkdir()
    (eye.staging / ".build/job.json").write_bytes(b"{}")
    eye.drop("other.wav")
    announce(eye, stored(eye, 1) | {"path": path.format(staging=eye.staging)})
    assert reasons(eye.look())[UPLOAD].endswith("lies outside staging/")


def test_a_part_that_is_a_link_is_refused(eye: Eye) -> None:
    """Neither a symbolic nor a hard link, nor a folder on the way that is one, may be taken."""
    outside = eye.inbox.parent / "outside.wav"
    outside.write_bytes(WAV)
    (eye.staging / "soft").symlink_to(outside)
    (eye.staging / "hard").hardlink_to(outside)
    (eye.staging / "door").symlink_to(eye.inbox.parent)
    for place in ("soft", "hard", "door/outside.wav"):
        announce(eye, stored(eye, 1) | {"path": eye.staging / place})
        scan = eye.look()
        assert (scan.ready, list(reasons(scan))) == ((), [UPLOAD])
        (eye.inbox / UPLOAD).unlink()


@needs.root()
def test_a_part_of_another_owner_is_refused(eye: Eye) -> None:
    """Who announces a file must own it."""
    part = stored(eye, 1)
    os.chown(part["path"], 12345, 12345)
    path = announce(eye, part)
    assert "does not belong" in reasons(eye.look())[UPLOAD]
    os.chown(path, 12345, 12345)
    eye.look(later=5)
    assert [entry.upload for entry in eye.look(later=5).ready] == [f"{FORM}/1"]


def test_a_part_of_another_size_is_buried_as_it_is(eye: Eye) -> None:
    """A stored file that is not what was announced must become a failed job, not a transcript."""
    announce(eye, stored(eye, 1) | {"size": 999})
    (refused,) = eye.look().refused
    assert refused.entry.upload == f"{FORM}/1"
    assert refused.reason.code == Refusal.CHECKSUM


def test_a_part_is_judged_like_any_recording(make_eye: MakeEye) -> None:
    """Too large, empty and no recording must be refused part by part."""
    eye = make_eye(max_upload_bytes=100)
    announce(
        eye,
        stored(eye, 1, data=WAV + bytes(100)),
        stored(eye, 2, data=b""),
        stored(eye, 3, data=b"text\n"),
        stored(eye, 4),
    )
    scan = eye.look()
    codes = [refused.reason.code for refused in scan.refused]
    assert codes == [Refusal.TOO_LARGE, Refusal.EMPTY, Refusal.NOT_MEDIA]
    assert names(scan) == ["0000000004"]


def test_a_part_that_is_written_is_waited_for(eye: Eye) -> None:
    """A part somebody has open for writing must not be taken."""
    part = stored(eye, 1)
    with part["path"].open("ab"):
        announce(eye, part)
        assert waits(eye.look()) == {UPLOAD: "a part of the upload is being written"}
    assert len(eye.look(later=1).ready) == 1


def test_a_form_takes_its_folders_options(eye: Eye) -> None:
    """Parts must get the options and the place of the folder their form lies in."""
    eye.drop("de/_options.toml", b'language = "de"')
    eye.drop(f"de/{UPLOAD}", form(stored(eye, 1)))
    (entry,) = eye.settled().ready
    assert (entry.folder, entry.options) == ("de", {"language": "de"})


def test_a_form_that_settles_is_not_read(eye: Eye) -> None:
    """A form written in place must wait like any file."""
    eye.drop(UPLOAD, form(stored(eye, 1)))
    assert eye.look().ready == ()
    assert len(eye.look(later=2).ready) == 1


GOOD = {"name": "a", "path": "/s/1", "size": "1", "sha256": "0" * 64}
BAD = {
    "the form does not begin with a boundary": b"hello",
    "the form is cut off or no form": form(GOOD)[:-40],
    "the form names no stored file": form({"comment": "x"}),
    "file 1 of the form has no path": form({"name": "a", "size": "1", "sha256": "0" * 64}),
    "file 2 of the form has no sha256": form(GOOD, {"name": "a", "path": "x", "size": "1"}),
    "file 1 of the form has no valid size": form(GOOD | {"size": "-1"}),
    "file 1 of the form has no valid sha256": form(GOOD | {"sha256": "zz"}),
}


@pytest.mark.parametrize("sentence", BAD)
def test_a_bad_form_is_refused_in_words(eye: Eye, sentence: str) -> None:
    """A form that can't be used must be buried with the reason, its name and nothing else."""
    eye.rename_in(UPLOAD, BAD[sentence])
    (refused,) = eye.look().refused
    assert (refused.reason.text, refused.entry.name) == (sentence, UPLOAD)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_a_sentence(data: bytes) -> None:
    """No bytes may raise anything but ``FormError``, with or without a good start."""
    for text in (data, b"--x\r\n" + data, form(GOOD)[: len(data)] + data):
        try:
            parse(text)
        except FormError as error:
            assert str(error)  # noqa: PT017 - both ends are right


HEAD = b"--x\r\nContent-Disposition: form-data; name"
HOSTILE = {
    "parameters in pieces": HEAD + b"*0*=a; name*=b\r\n\r\n/a\r\n--x--\r\n",
    "messages in messages": b"--x\r\n" + b"Content-Type:message/rfc822\n\n" * 2000,
    "parts in parts": b"--0\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (depth, depth)
        for depth in range(1, 1200)
    ) + b"\r\n--0--\r\n",
    "semicolons": HEAD + b'="' + b";" * 60000 + b"\r\n\r\na\r\n--x--\r\n",
    "blanks": HEAD.replace(b" ", b" " * 30000),
    "boundaries": b"--x\n" * 16000,
    "headers": b"--x\r\n" + b"content-disposition:form-data;name=path;\r\n" * 1500,
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_no_form_costs_more_than_its_size(what: str) -> None:
    """Whatever 64 KiB hold, a sentence must come soon: an honest form takes two milliseconds."""
    began = time.process_time()
    with pytest.raises(FormError):
        parse(HOSTILE[what])
    assert time.process_time() - began < 0.05


def test_a_long_honest_form_is_read() -> None:
    """Names with anything in them must come through, as many parts as 64 KiB hold."""
    name = '"a"; name=path\\'
    data = form(*[GOOD | {"name": f"{name}{number}"} for number in range(110)])
    assert 40_000 < len(data) < LARGEST_FORM
    assert [part.path for part in parse(data)] == ["/s/1"] * 110


@pytest.mark.parametrize("data", [form(GOOD).replace(b"\r\n", b"\n"), form(GOOD) + b"after"])
def test_line_ends_and_what_follows_make_no_difference(data: bytes) -> None:
    """A form with bare line feeds, or with something after its end, must be read alike."""
    assert parse(data) == parse(form(GOOD))


def test_a_repeated_field_begins_the_next_part() -> None:
    """Parts must be told apart whichever field comes first, and nameless ones be kept."""
    nameless = {key: value for key, value in GOOD.items() if key != "name"}
    parts = parse(form(nameless | {"path": "/s/1"}, nameless | {"path": "/s/2"}))
    assert [(part.name, part.path) for part in parts] == [("", "/s/1"), ("", "/s/2")]


def test_odd_bytes_in_a_given_name_survive(eye: Eye) -> None:
    """A name that is not UTF-8 must come through in its bytes; a slash must not."""
    name = os.fsdecode(b"caf\xe9.wav")
    announce(eye, stored(eye, 1, name), stored(eye, 2, "../../etc/x"), stored(eye, 3, ""))
    found = [os.fsencode(entry.display.on_disk()) for entry in eye.look().ready]
    assert found == [b"caf\xe9.wav", b"x", b"upload"]
