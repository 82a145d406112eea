"""Option files of folders and sidecars of recordings, where they lie."""

import os
from pathlib import Path

import pytest

from runner.inbox import optionfiles
from runner.job.outcomes import Refusal
from runner.options import parse
from tests.inbox.conftest import MakeEye
from tests.inbox.eye import Eye, names, reasons, troubles, waits


def test_folders_hand_their_options_down(eye: Eye) -> None:
    """A file must get its folder's options over its parents', and know where they are from."""
    eye.drop("_options.toml", b'language = "de"\ntask = "transcribe"')
    eye.drop("a/_options.toml", b'language = "fr"')
    for name in ("top.wav", "a/one.wav", "a/b/two.wav", "c/three.wav"):
        eye.drop(name)
    found = {entry.name: entry for entry in eye.settled().ready}
    german = {"language": "de", "task": "transcribe"}
    assert found["top.wav"].options == found["three.wav"].options == german
    assert found["two.wav"].options == {"language": "fr", "task": "transcribe"}
    assert found["one.wav"].option_sources == ("_options.toml", "a/_options.toml")


@pytest.mark.parametrize(
    ("ending", "data"), [("toml", b"beam_size = 2"), ("json", b'{"beam_size": 2}')]
)
def test_a_sidecar_is_laid_on_top(eye: Eye, ending: str, data: bytes) -> None:
    """A recording's own file must win over its folder's, and be handed on with it."""
    eye.drop("_options.toml", b"beam_size = 5\nbest_of = 3")
    sidecar = eye.drop(f"talk.mp3.{ending}", data)
    eye.drop("talk.mp3")
    scan = eye.settled()
    (entry,) = scan.ready
    assert entry.options == {"beam_size": 2, "best_of": 3}
    assert entry.sidecar == sidecar
    assert entry.option_sources == ("_options.toml", f"talk.mp3.{ending}")
    assert scan.waiting_total == 0


def test_a_recording_waits_for_its_sidecar(eye: Eye) -> None:
    """A sidecar that still settles or is being written must keep a ready recording back."""
    eye.rename_in("talk.wav")
    with (eye.inbox / "talk.wav.toml").open("wb") as sidecar:
        assert waits(eye.look()) == {"talk.wav": "its options file is being written"}
        assert names(eye.look(later=60)) == []
        sidecar.write(b"beam_size = 1")
    eye.look(later=1)
    assert waits(eye.look(later=1)) == {"talk.wav": "its options file settles"}
    (entry,) = eye.look(later=2).ready
    assert entry.options == {"beam_size": 1}


def test_a_sidecar_renamed_in_delays_nothing(eye: Eye) -> None:
    """A sidecar that came whole must let its recording go at once."""
    eye.rename_in("talk.wav.toml", b"beam_size = 1")
    eye.rename_in("talk.wav")
    (entry,) = eye.look().ready
    assert entry.options == {"beam_size": 1}


def test_an_offered_recording_is_asked_again_when_a_sidecar_comes(eye: Eye) -> None:
    """A sidecar that comes while its recording waits for a slot must be used."""
    eye.drop("talk.wav")
    assert names(eye.settled()) == ["talk.wav"]
    eye.drop("talk.wav.toml", b"beam_size = 1")
    assert names(eye.look()) == []
    (entry,) = eye.look(later=2).ready
    assert entry.options == {"beam_size": 1}


BAD = {
    "beam_size = 0": "talk.wav.toml: beam_size: should be greater than or equal to 1 (got 0)",
    "device = 'cuda'": "talk.wav.toml: device is for the operator to set",
    "beam_size = ": "talk.wav.toml: is not TOML (",
    "x = 1\n" * 20000: "talk.wav.toml: is larger than 24 KiB",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_bad_sidecar_buries_its_recording(eye: Eye, text: str) -> None:
    """The recording must be refused, naming file and key, and take the sidecar along."""
    sidecar = eye.drop("talk.wav.toml", text.encode())
    eye.drop("talk.wav")
    eye.drop("other.wav")
    scan = eye.settled()
    assert names(scan) == ["other.wav"]
    assert reasons(scan)["talk.wav"].startswith(BAD[text])
    (refused,) = scan.refused
    assert (refused.reason.code, refused.entry.sidecar) == (Refusal.BAD_OPTIONS, sidecar)


def test_two_sidecars_are_refused(eye: Eye) -> None:
    """Nobody can know which of two is meant; the reason must name both, and which one stays."""
    taken = eye.drop("talk.wav.toml", b"")
    eye.drop("talk.wav.json", b"{}")
    eye.drop("talk.wav")
    (refused,) = eye.settled().refused
    assert refused.entry.sidecar == taken
    assert refused.reason.text == (
        "two option files lie beside it, talk.wav.toml and talk.wav.json: "
        "remove talk.wav.json from the inbox, and drop it again with one of them"
    )


def test_a_linked_sidecar_is_not_followed(eye: Eye) -> None:
    """A sidecar that is a symbolic link must not be read through."""
    (eye.inbox / "talk.wav.toml").symlink_to("/etc/hostname")
    eye.drop("talk.wav")
    assert reasons(eye.settled()) == {"talk.wav": "talk.wav.toml: is no regular file"}


def test_a_sidecar_alone_is_listed_after_a_minute(eye: Eye) -> None:
    """An option file without its recording must stay, be listed, and be used when it comes."""
    eye.drop("talk.wav.toml", b"beam_size = 1")
    eye.look()
    scan = eye.look(later=59)
    assert (troubles(scan), scan.waiting_total, scan.unsettled) == ({}, 0, 0)
    assert list(troubles(eye.look(later=1))) == ["talk.wav.toml"]
    eye.drop("talk.wav")
    eye.look(later=31)  # the walk
    scan = eye.look(later=300)
    assert (names(scan), troubles(scan)) == (["talk.wav"], {})


def test_a_bad_folder_file_blocks_the_folder_and_nothing_else(eye: Eye) -> None:
    """Files below must stay, the reason be told, others go; mending must release them."""
    bad = eye.drop("a/_options.toml", b"beam_sise = 1")
    for name in ("a/one.wav", "a/b/two.wav", "free.wav"):
        eye.drop(name)
    scan = eye.settled()
    assert (names(scan), scan.refused, scan.unsettled) == (["free.wav"], (), 1)
    (blocked,) = scan.blocked_folders
    assert blocked.path == "a/_options.toml"
    assert blocked.sentence == "unknown option 'beam_sise'; is beam_size meant?"
    assert waits(scan)["a/one.wav"] == "the options of its folder are bad"
    bad.write_bytes(b"beam_size = 1")
    eye.look(later=1)
    scan = eye.look(later=2)
    assert sorted(names(scan)) == ["a/b/two.wav", "a/one.wav", "free.wav"]
    assert scan.blocked_folders == ()


def test_a_bad_folder_file_is_told_before_a_recording_comes(eye: Eye) -> None:
    """The block must be seen with nothing in the folder, and go when the file goes."""
    bad = eye.drop("a/_options.toml", b"nonsense")
    assert len(eye.settled().blocked_folders) == 1
    bad.unlink()
    assert eye.look(later=1).blocked_folders == ()


def test_a_linked_folder_file_is_listed_once(live: Eye) -> None:
    """A link must block its folder with a cure for option files, and be told nowhere else."""
    (live.inbox / "a").mkdir()
    (live.inbox / "a/_options.toml").symlink_to("/etc/hostname")
    live.scanner.hint(live.inbox / "a/_options.toml", renamed_in=True)
    live.drop("a/talk.wav")
    scan = live.settled()
    (blocked,) = scan.blocked_folders
    assert (blocked.path, blocked.sentence) == ("a/_options.toml", "is no regular file")
    assert blocked.cure.startswith("mend or remove the file")
    assert (names(scan), troubles(scan), scan.troubled_total) == ([], {}, 0)


def test_a_linked_folder_file_is_told_before_a_recording_comes(eye: Eye) -> None:
    """A walk that meets the link alone must tell of it too, and that it is gone."""
    link = eye.inbox / "_options.toml"
    link.symlink_to("/etc/hostname")
    scan = eye.look()
    assert ([b.path for b in scan.blocked_folders], troubles(scan)) == (["_options.toml"], {})
    link.unlink()
    assert eye.look(later=1).blocked_folders == ()


def test_a_bad_file_is_parsed_once(eye: Eye, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not parse must not be parsed again each second while it blocks its folder."""
    parsed = []

    def counting(where: str, data: bytes) -> object:
        parsed.append(where)
        return parse(where, data)

    monkeypatch.setattr(optionfiles, "parse", counting)
    eye.drop("_options.toml", b"nonsense")
    eye.drop("talk.wav")
    eye.settled()
    for _ in range(5):
        assert len(eye.look(later=1).blocked_folders) == 1
    assert parsed == ["_options.toml"]


DIGITS = {
    "talk.wav.toml": (b"max_attempts = 0x" + b"f" * 5000, "max_attempts: has a number"),
    "_options.toml": (b"beam_size = 0x" + b"f" * 5000, "beam_size: has a number"),
    "talk.wav.json": (b'{"formats": [[%s]]}' % (b"9" * 4300), "formats: has a number"),
}


@pytest.mark.parametrize("name", DIGITS)
def test_endless_numbers_end_nothing(eye: Eye, name: str) -> None:
    """A number that Python can't show must be one sentence about its file."""
    data, sentence = DIGITS[name]
    eye.drop(name, data)
    eye.drop("talk.wav")
    scan = eye.settled()
    told = [*reasons(scan).values(), *(blocked.sentence for blocked in scan.blocked_folders)]
    assert [f"{sentence} with too many digits" in text for text in told] == [True]
    assert troubles(scan) == {}


def test_a_blocked_folder_that_is_removed_blocks_no_more(eye: Eye) -> None:
    """Health must not stay red for a folder that is gone."""
    bad = eye.drop("a/_options.toml", b"nonsense")
    assert len(eye.settled().blocked_folders) == 1
    bad.unlink()
    bad.parent.rmdir()
    assert eye.look(later=1).blocked_folders == ()


def test_limits_only_lower_from_layer_to_layer(make_eye: MakeEye) -> None:
    """A sidecar must not lift what its folder lowered."""
    eye = make_eye(max_audio_seconds=100)
    eye.drop("_options.toml", b"max_audio_seconds = 50")
    eye.drop("talk.wav.toml", b"max_audio_seconds = 60")
    eye.drop("talk.wav")
    (reason,) = reasons(eye.settled()).values()
    assert reason == "talk.wav.toml: max_audio_seconds: 60 is above the limit of 50"


def test_a_name_with_no_room_for_a_sidecar(eye: Eye) -> None:
    """A name of 255 bytes can have no sidecar; it must be taken all the same."""
    eye.drop("n" * 255)
    assert len(eye.settled().ready) == 1


def test_an_option_file_that_changes_is_read_again(eye: Eye) -> None:
    """Mended options must be used by the next look, not remembered ones."""
    path = eye.drop("_options.toml", b"beam_size = 1")
    eye.drop("talk.wav")
    assert eye.settled().ready[0].options == {"beam_size": 1}
    other = Path(os.fspath(path) + ".tmp")
    other.write_bytes(b"beam_size = 2")
    other.rename(path)
    eye.look()
    assert eye.look(later=2).ready[0].options == {"beam_size": 2}
