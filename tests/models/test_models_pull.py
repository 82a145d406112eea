"""A model is fetched once, whole, checked; what fails is one sentence and leaves nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import whisper

from runner.job.errors import EngineError
from runner.models import pull
from tests import needs
from tests.models.shop import Shop

News = list[dict[str, Any]]


def visible(home: Path) -> list[str]:
    """The names that a person sees in the model folder, our own memory left out."""
    return sorted(p.name for p in home.iterdir() if p.name[0] != "." and p.is_file())


def drafts(home: Path) -> list[str]:
    """The half files."""
    return [path.name for path in home.glob(".*.draft")]


def test_a_model_is_fetched_and_counted(shop: Shop, home: Path) -> None:
    """The file must have its bytes and its name, and progress rise to 100."""
    news: News = []
    target = pull("toy", home, news.append)
    assert target == home / "toy.pt"
    assert target.read_bytes() == shop.content
    assert visible(home) == ["toy.pt"]
    percents = [entry["percent"] for entry in news if entry["event"] == "progress"]
    assert percents == sorted(set(percents))
    assert percents[-1] == 100
    assert len(percents) > 2
    assert news[-1] == {"event": "pulled", "model": "toy", "path": str(target), "percent": 100}


def test_what_is_there_is_kept(shop: Shop, home: Path) -> None:
    """A second pull must ask nobody and leave the file alone."""
    target = pull("toy", home, lambda _: None)
    before = target.stat()
    news: News = []
    pull("toy", home, news.append)
    assert shop.asked == 1
    assert target.stat() == before
    assert [entry["event"] for entry in news] == ["present"]


def test_what_is_there_and_damaged_is_fetched_anew(shop: Shop, home: Path) -> None:
    """A file that does not match its checksum must be replaced, by rename, and that be said."""
    target = pull("toy", home, lambda _: None)
    with target.open("r+b") as file:  # somebody else's doing: it is mapped by nobody here
        file.write(b"rubbish")
        file.flush()
        old = target.stat().st_ino
        news: News = []
        pull("toy", home, news.append)
    assert target.read_bytes() == shop.content
    assert target.stat().st_ino != old
    assert news[0]["event"] == "damaged"


def test_without_a_length_it_comes_too(shop: Shop, home: Path) -> None:
    """A server that does not say the length must serve as well."""
    shop.manner = "unmeasured"
    assert pull("toy", home, lambda _: None).read_bytes() == shop.content


FAULTS = {
    "wrong": "what 127.0.0.1:.* sent as the model toy does not match its checksum",
    "cut": "the model toy was cut off after 1500000 of 3000000 bytes; try again",
    "missing": r"can't be fetched from 127.0.0.1:\d+ \(it answered 503\)",
}


@pytest.mark.parametrize("manner", FAULTS)
def test_what_comes_wrong_leaves_nothing(manner: Any, shop: Shop, home: Path) -> None:
    """Wrong, cut off, refused: one sentence, no file, no draft; the next pull starts anew."""
    shop.manner = manner
    with pytest.raises(EngineError, match=FAULTS[manner]):
        pull("toy", home, lambda _: None)
    assert visible(home) == drafts(home) == []
    shop.manner = "whole"
    assert pull("toy", home, lambda _: None).read_bytes() == shop.content


def test_a_damaged_file_stays_until_a_whole_one_is_there(shop: Shop, home: Path) -> None:
    """A pull that fails must not take away what was there."""
    target = pull("toy", home, lambda _: None)
    target.write_bytes(b"rubbish")
    shop.manner = "cut"
    with pytest.raises(EngineError, match="cut off"):
        pull("toy", home, lambda _: None)
    assert target.read_bytes() == b"rubbish"


def test_without_network_it_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listening must be one sentence with the cure: put the file there by hand."""
    address = "http://127.0.0.1:1/" + "0" * 64 + "/toy.pt"  # nothing listens on port 1
    monkeypatch.setitem(whisper._MODELS, "toy", address)  # noqa: SLF001 - the seam
    with pytest.raises(EngineError) as caught:
        pull("toy", home, lambda _: None)
    assert "can't be fetched from 127.0.0.1:1 (Connection refused)" in str(caught.value)
    assert "put toy.pt into the model folder by hand" in str(caught.value)


def test_a_name_without_an_address_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that the resolver does not know must be the same kind of sentence."""
    address = "http://nowhere.invalid/" + "0" * 64 + "/toy.pt"
    monkeypatch.setitem(whisper._MODELS, "toy", address)  # noqa: SLF001 - the seam
    with pytest.raises(EngineError, match=r"can't be fetched from nowhere\.invalid"):
        pull("toy", home, lambda _: None)


def test_silence_on_the_line_ends(shop: Shop, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops sending must not hold the pull for ever."""
    monkeypatch.setattr(sys.modules["runner.models.pull"], "TIMEOUT_SECONDS", 0.2)
    shop.manner = "half"
    with pytest.raises(EngineError, match="timed out"):
        pull("toy", home, lambda _: None)
    assert visible(home) == drafts(home) == []


def test_a_name_that_is_no_model_lists_those_there_are(home: Path) -> None:
    """A wrong name must be answered with the right ones, and no folder made."""
    with pytest.raises(
        EngineError, match=r"no official model is called 'smal'; there are tiny\.en"
    ):
        pull("smal", home, lambda _: None)
    assert not home.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that is smaller than the model."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False).returncode:
        needs.refuse("needs to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@needs.root()
@pytest.mark.usefixtures("shop")
def test_a_full_disk_is_named(small_disk: Path) -> None:
    """A disk that fills up must be one sentence that is not about the network, nothing left."""
    with pytest.raises(EngineError, match=r"toy can't be kept in .*: No space left on device"):
        pull("toy", small_disk, lambda _: None)
    assert visible(small_disk) == drafts(small_disk) == []


def test_a_folder_that_can_not_be_made_is_named(shop: Shop, tmp_path: Path) -> None:
    """A model folder below a file must be one sentence, before anything is fetched."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EngineError, match=r"can't be kept in .*file"):
        pull("toy", tmp_path / "file/models", lambda _: None)
    assert shop.asked == 0
