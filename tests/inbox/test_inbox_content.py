"""What the first bytes of a file tell."""

import io
import tarfile
import wave
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.inbox.content import HEAD, difference, recognise
from runner.inbox.judgement import human
from runner.job.outcomes import Refusal
from tests.inbox.eye import Eye, reasons


def a_zip() -> bytes:
    """A real archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("talk.wav", b"x" * 100)
    return file.getvalue()


def a_tar() -> bytes:
    """A real archive of the old kind."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("talk.wav"))
    return file.getvalue()


def a_wav() -> bytes:
    """A real recording."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes(bytes(3200))
    return file.getvalue()


REFUSED = {
    "a text file": [
        b"Dear all,\n", "Grüße aus Köln\n".encode("cp1252"), "안녕하세요 여러분\n".encode("euc-kr"),
        "مرحبا".encode(), "hello".encode("utf-16"), b"WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n",
        b'{"a": 1}', "한".encode() * 1000 + "한".encode()[:1],
    ],
    "web page": [b"<!DOCTYPE html><title>Log in</title>", b"\xef\xbb\xbf\n <HTML lang=en>"],
    "an XML file": [b'<?xml version="1.0"?><svg/>'],
    "a playlist": [
        b"#EXTM3U\nhttp://x/a.ts\n", b"[playlist]\nFile1=a\n", b"<asx version='3'>",
        b"ffconcat version 1.0\nfile /etc/passwd\n", b'<?xml version="1.0"?><playlist></playlist>',
    ],
    "a script": [b"#!/bin/sh\nrm -rf /\n"],
    "a ZIP archive": [a_zip()],
    "a tar archive": [a_tar()],
    "a gzip archive": [b"\x1f\x8b\x08\x00"],
    "a program": [b"\x7fELF\x02\x01\x01\x00"],
    "a Windows program": [b"MZ\x90\x00\x03\x00"],
    "a PDF document": [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"],
    "a JPEG picture": [b"\xff\xd8\xff\xe0\x00\x10JFIF"],
    "a PNG picture": [b"\x89PNG\r\n\x1a\n\x00\x00"],
    "a HEIC or AVIF picture": [b"\x00\x00\x00\x1cftypheic\x00\x00"],
    "a WebP picture": [b"RIFF\x00\x00\x00\x00WEBPVP8 "],
}  # fmt: skip
SOUND = {
    "wav": [a_wav(), b"RF64\xff\xff\xff\xffWAVE"],
    "mp3": [b"ID3\x04\x00\x00", b"\xff\xfb\x90\x64\x00\x00", b"\xff\xf3\x84\xc4\x00"],
    "aac": [b"\xff\xf1\x50\x80\x00", b"\xff\xf9\x50\x80\x00"],
    "mp4": [
        b"\x00\x00\x00\x20ftypM4A \x00",
        b"\x00\x00\x00\x14ftypqt  \x00",
        b"\x00\x00\x00\x08wide",
    ],
    "ogg": [b"OggS\x00\x02"],
    "flac": [b"fLaC\x00\x00\x00\x22"],
    "mkv": [b"\x1aE\xdf\xa3\x9fB\x86"],
    "wma": [b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa"],
    "amr": [b"#!AMR\n\x3c\x91"],
    "avi": [b"RIFF\x00\x00\x00\x00AVI LIST"],
    "": [bytes(100), b"\x00\x01\x02\x03unknown\x00"],
}


@pytest.mark.parametrize(("what", "head"), [(w, h) for w, heads in REFUSED.items() for h in heads])
def test_what_is_no_recording_is_named(what: str, head: bytes) -> None:
    """Each kind that can't be a recording must be refused under its own name."""
    content = recognise(head[:HEAD])
    assert not content.sound
    assert what in content.what


@pytest.mark.parametrize(("family", "head"), [(f, h) for f, heads in SOUND.items() for h in heads])
def test_recordings_pass(family: str, head: bytes) -> None:
    """Each container, and what nobody knows, must be passed on to the worker."""
    content = recognise(head)
    assert (content.sound, content.family) == (True, family)


@given(st.binary(max_size=600))
def test_any_bytes_are_recognised_as_something(head: bytes) -> None:
    """No input may raise, and every answer has words for people."""
    assert recognise(head).what


def test_the_name_decides_nothing(eye: Eye) -> None:
    """Sound under any name must be taken, other content under an audio name refused."""
    for name in ("talk", "talk.txt", "talk.html"):
        eye.drop(name, a_wav())
    eye.drop("talk.mp3", b"I am text\n")
    scan = eye.settled()
    assert sorted(entry.name for entry in scan.ready) == ["talk", "talk.html", "talk.txt"]
    assert reasons(scan) == {"talk.mp3": "this is a text file, not a recording"}
    assert scan.refused[0].reason.code == Refusal.NOT_MEDIA


def test_a_misleading_ending_is_noted(eye: Eye) -> None:
    """m4a called .mp3 must be taken, with a note; a right or missing ending gives none."""
    mp4 = b"\x00\x00\x00\x20ftypM4A \x00"
    for name in ("phone.mp3", "right.m4a", "none"):
        eye.drop(name, mp4)
    found = {entry.name: entry.notes for entry in eye.settled().ready}
    said = ("the name says .mp3, the content is MP4",)
    assert found == {"phone.mp3": said, "right.m4a": (), "none": ()}
    assert difference("a.mp3", recognise(bytes(10))) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (2 * 1024**3, "2 GiB"),
     (1024**4 * 2000, "2000 TiB")],
)  # fmt: skip
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    """A size must be short and have its unit."""
    assert human(size) == text
