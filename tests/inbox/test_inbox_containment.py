"""A surprise about one file: it is listed, and neither ends the daemon nor stops the others."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from runner.inbox import companions, examine, optionfiles
from runner.inbox.content import Content, recognise
from runner.job.errors import SpoolError
from tests.inbox.eye import WAV, Eye, names, troubles, waits

ODD = WAV + b"odd"
STUMBLES = "the runner stumbles over it: TypeError: odd\\x1b"


def stumbling(error: Exception) -> Callable[[bytes], Content]:
    """Return a ``recognise`` that raises ``error`` over one file."""

    def over(head: bytes) -> Content:
        if head == ODD:
            raise error
        return recognise(head)

    return over


def test_a_surprise_about_a_recording_is_listed(eye: Eye, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file must stay, be listed with what to do, and be taken when the fault is mended."""
    eye.drop("odd.wav", ODD)
    eye.drop("talk.wav")
    with monkeypatch.context() as fault:
        fault.setattr(examine, "recognise", stumbling(TypeError("odd\x1b")))
        scan = eye.settled()
        assert (names(scan), scan.refused, scan.unsettled) == (["talk.wav"], (), 1)
        assert troubles(scan) == {"odd.wav": STUMBLES}
        assert scan.troubled[0].cure.startswith("report it, and move the file out of the inbox")
    scan = eye.look(later=5)
    assert (sorted(names(scan)), troubles(scan)) == (["odd.wav", "talk.wav"], {})


@pytest.mark.parametrize("error", [SpoolError("disk"), MemoryError("no more")])
def test_what_is_no_files_fault_passes(
    eye: Eye, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Our own folders and lost memory must not be put down to the file at hand."""
    monkeypatch.setattr(examine, "recognise", stumbling(error))
    eye.drop("odd.wav", ODD)
    with pytest.raises(type(error)):
        eye.settled()


def test_a_surprise_about_a_folders_options_blocks_it(
    eye: Eye, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder must be blocked and told, looked at again each second, and be free afterwards."""

    def over(_where: str, data: bytes) -> Any:
        if b"odd" in data:
            raise TypeError("odd\x1b")
        return tomllib.loads(data.decode())

    monkeypatch.setattr(optionfiles, "parse", over)
    path = eye.drop("a/_options.toml", b"beam_sise = 2")
    for name in ("a/one.wav", "free.wav"):
        eye.drop(name)
    assert names(eye.settled()) == ["free.wav"]
    path.write_bytes(b"odd = 2 ")
    eye.look(later=1)
    scan = eye.look(later=2)  # by the look at what is blocked
    assert (names(scan), waits(scan)["a/one.wav"]) == (
        ["free.wav"],
        "the options of its folder are bad",
    )
    (blocked,) = scan.blocked_folders
    assert (blocked.path, blocked.sentence) == ("a/_options.toml", STUMBLES)
    assert blocked.cure.startswith("report it")
    path.unlink()
    eye.look(later=1)
    assert sorted(names(eye.look(later=5))) == ["a/one.wav", "free.wav"]


def test_a_surprise_about_a_sidecar_alone_is_listed(
    eye: Eye, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option files must be contained as recordings are."""

    def over(*_: object) -> int:
        raise TypeError("odd\x1b")

    monkeypatch.setattr(companions, "pause", over)
    eye.drop("talk.wav.toml")
    eye.drop("talk.wav")
    assert troubles(eye.settled(seconds=30)) == {"talk.wav.toml": STUMBLES}
