"""An unprivileged runner and droppers of other uids: what root would never notice."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.inbox import Scan, events
from tests import needs
from tests.inbox.eye import WAV, Eye, names, troubles, waits
from tests.inbox.people import DROPPERS, Person

pytestmark = needs.root()
RUNNER = Person(64100, umask=0o007)
CAREFUL = Person(64101, umask=0o002)
USUAL = Person(64102, umask=0o022)
PRIVATE = Person(64103, umask=0o077)


@pytest.fixture
def spool() -> Iterator[Path]:
    """An inbox as the spool makes it: 3770, group droppers, owned by the runner."""
    root = Path(tempfile.mkdtemp(prefix="people-"))
    root.chmod(0o755)
    os.chown(root, RUNNER.uid, RUNNER.uid)
    for name in ("inbox", "staging"):
        (root / name).mkdir()
        os.chown(root / name, RUNNER.uid, DROPPERS)
        (root / name).chmod(0o3770)
    yield root
    shutil.rmtree(root)


def write(path: Path, data: bytes = WAV) -> Callable[[], object]:
    """Drop a file, making its folder, under the person's umask."""

    def act() -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    return act


def looking(root: Path, seconds: float, *, mend: Callable[[], object] = lambda: None) -> Scan:
    """As the runner: see, let time pass, look again; claim nothing."""

    def act() -> Scan:
        eye = Eye(root)
        eye.look()
        eye.look(later=seconds)
        mend()
        return eye.look(later=0)

    return RUNNER.does(act)


def test_anothers_file_settles_longer_because_the_kernel_cannot_vouch(spool: Path) -> None:
    """A lease on another's file is refused: ten quiet seconds must do, by rename too."""
    USUAL.does(write(spool / "inbox/talk.wav"))
    RUNNER.does(write(spool / "inbox/own.wav"))
    assert names(looking(spool, 2.0)) == ["own.wav"]
    assert sorted(names(looking(spool, 10.0))) == ["own.wav", "talk.wav"]


def test_what_is_offered_can_be_taken(spool: Path) -> None:
    """Each offered file must be renameable and readable by the runner."""
    for number, person in enumerate((CAREFUL, USUAL)):
        person.does(write(spool / f"inbox/{number}.wav"))
    CAREFUL.does(write(spool / "inbox/folder/deep.wav"))

    def take() -> list[str]:
        eye = Eye(spool)
        eye.look()
        for entry in eye.look(later=10).ready:
            target = spool / f"taken-{entry.name}"
            entry.path.rename(target)
            assert target.read_bytes() == WAV
        return names(eye.look())

    assert RUNNER.does(take) == []
    assert len(list(spool.glob("taken-*"))) == 3


def test_an_unreadable_file_is_listed_with_the_cure(spool: Path) -> None:
    """A 0600 file must stay in the inbox, listed; when it is mended it must go."""
    path = spool / "inbox/secret.wav"
    PRIVATE.does(write(path))
    scan = looking(spool, 10.0)
    assert (names(scan), scan.unsettled) == ([], 0)
    assert troubles(scan) == {"secret.wav": "can't be read (Permission denied)"}
    assert "chmod g+r" in scan.troubled[0].cure
    PRIVATE.does(lambda: path.chmod(0o640))
    assert names(looking(spool, 10.0)) == ["secret.wav"]


def test_a_folder_we_cannot_take_from_is_listed_once(spool: Path) -> None:
    """A folder made under umask 022 must be listed itself, not each of its files."""
    for name in ("a.wav", "b.wav"):
        USUAL.does(write(spool / f"inbox/mine/{name}"))
    scan = looking(spool, 10.0)
    assert (names(scan), scan.unsettled) == ([], 0)
    assert troubles(scan) == {"mine": "does not let this runner take files out of it"}
    assert "chmod g+rwx" in scan.troubled[0].cure
    USUAL.does(lambda: (spool / "inbox/mine").chmod(0o2770))
    assert names(looking(spool, 10.0)) == ["mine/a.wav", "mine/b.wav"]


def test_a_folder_we_cannot_read_is_listed(spool: Path) -> None:
    """A 0700 folder must be listed, and the rest of the inbox go on."""
    PRIVATE.does(write(spool / "inbox/private/a.wav"))
    CAREFUL.does(write(spool / "inbox/free.wav"))
    scan = looking(spool, 10.0)
    assert (names(scan), list(troubles(scan))) == (["free.wav"], ["private"])


def test_a_sticky_folder_of_another_refuses_the_claim(spool: Path) -> None:
    """Where only the claim itself fails, setting it back must list it."""
    CAREFUL.does(write(spool / "inbox/sticky/a.wav"))
    CAREFUL.does(lambda: (spool / "inbox/sticky").chmod(0o3775))

    def claim() -> dict[str, str]:
        eye = Eye(spool)
        eye.look()
        (entry,) = eye.look(later=10).ready
        with pytest.raises(PermissionError):
            entry.path.rename(spool / "taken")
        eye.scanner.set_back(entry, "may not be taken", cure="chmod -t", now=eye.now)
        return troubles(eye.look())

    assert RUNNER.does(claim) == {"sticky/a.wav": "may not be taken"}


def test_option_files_we_cannot_read(spool: Path) -> None:
    """An unreadable sidecar must keep its recording, an unreadable folder file its folder."""
    CAREFUL.does(write(spool / "inbox/a.wav"))
    PRIVATE.does(write(spool / "inbox/a.wav.toml", b"beam_size = 1"))
    CAREFUL.does(write(spool / "inbox/f/b.wav"))
    PRIVATE.does(write(spool / "inbox/f/_options.toml", b"beam_size = 1"))
    scan = looking(spool, 10.0)
    assert names(scan) == []
    assert list(troubles(scan)) == ["a.wav"]
    assert "chmod g+r" in scan.troubled[0].cure
    (blocked,) = scan.blocked_folders
    assert blocked.sentence == "can't be read (Permission denied)"
    assert "chmod g+r" in blocked.cure
    assert waits(scan)["f/b.wav"] == "the options of its folder are bad"


def test_an_unprivileged_runner_has_events_and_leases(spool: Path) -> None:
    """The probe and the leases on its own files must work without any privilege."""

    def open_up() -> tuple[str, list[str]]:
        eye = Eye(spool, events=True)
        assert eye.watcher
        eye.rename_in("own.wav")
        return eye.watcher.mode, names(eye.look())

    assert events.MASK  # imported now: the runner may not read this interpreter's library
    assert RUNNER.does(open_up) == ("events", ["own.wav"])
