"""``submit``: recordings get into the inbox whole, and one hears what becomes of them."""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.cli.typed import begun, ended, listed, program, typed
from tests.e2e.living import ROOT, WAV, Living, living, silence, wait_for


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A runner at work, with an engine that takes as long as it is told."""
    spool = tmp_path_factory.mktemp("submit") / "spool"
    with living(spool, engine="tests.engines.slow", formats="txt", drain_seconds=0.2) as it:
        yield it


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A recording of somebody's, outside the spool."""
    path = tmp_path / "talk.wav"
    path.write_bytes(WAV)
    return path


def test_a_submitted_recording_is_a_copy_with_its_options(quiet: Path, talk: Path) -> None:
    """The inbox must get an equal file and a sidecar; the original must stay as it was."""
    words = ("submit", talk, "--folder", "x/y", "--language", "Korean", "-o", "beam_size=3")
    said = typed(*words, spool=quiet)
    assert said.code == 0
    home = quiet / "inbox/x/y"
    assert f"{home}/talk.wav: submitted" in said.out
    assert f"results will be in {quiet}/outbox/x/y" in said.out
    assert (home / "talk.wav").read_bytes() == talk.read_bytes() == WAV
    assert len(listed(home)) == 2
    assert listed(quiet / "staging") == []
    assert (home / "talk.wav").stat().st_mode & 0o777 == 0o660
    assert typed("run", "--once", spool=quiet).code == 0
    jobs = [path.read_text() for path in quiet.glob("done/*/job.json") if "x/y" in path.read_text()]
    assert len(jobs) == 1
    assert re.search('"beam_size": ?3', jobs[0])
    assert re.search('"language": ?"ko"', jobs[0])


def test_the_same_name_again_gets_a_number(quiet: Path, talk: Path) -> None:
    """A name that waits already must not be replaced, not even by itself in one call."""
    other = talk.with_name("other")
    other.mkdir()
    (other / "talk.wav").write_bytes(silence(0.2))
    assert typed("submit", talk, other / "talk.wav", talk, spool=quiet).code == 0
    assert set(listed(quiet / "inbox")) == {"talk.wav", "talk-2.wav", "talk-3.wav"}
    assert (quiet / "inbox/talk.wav").read_bytes() == WAV
    assert (quiet / "inbox/talk-2.wav").read_bytes() == silence(0.2)


def test_what_can_not_be_submitted_is_named_before_anything_is_copied(
    quiet: Path, talk: Path
) -> None:
    """A missing file, a folder, a pipe must be a sentence with its name, and nothing copied."""
    here = talk.parent
    for name in ("empty.wav", "a.part", "o.toml"):
        (here / name).write_bytes(b"" if name == "empty.wav" else b"x")
    os.mkfifo(here / "pipe.wav")
    faults = {
        "gone.wav": "No such file", "empty.wav": "is empty", "a.part": "temporary",
        "o.toml": "is no recording", "pipe.wav": "is no regular file", ".": "is a folder",
    }  # fmt: skip
    for name, fault in faults.items():
        said = typed("submit", talk, here / name, spool=quiet)
        assert said.code == 2, name
        assert said.sentence.startswith(f"{here / name}: ")
        assert fault in said.sentence
    more = {
        ("-o", "beam_sizes=3"): "beam_size",
        ("-o", "beam_size"): "must be KEY=VALUE",
        ("--language", "Klingonisch"): "language",
        ("--folder", "../up"): "--folder",
        ("--set", "max_upload_bytes=10"): "max_upload_bytes",
        ("--timeout", "soon"): "timeout",
    }
    for words, fault in more.items():
        said = typed("submit", talk, *words, spool=quiet)
        assert (said.code, fault in said.sentence) == (2, True), (words, said)
    assert listed(quiet / "inbox") == listed(quiet / "staging") == []


def test_a_link_in_the_inbox_is_not_followed(quiet: Path, talk: Path, tmp_path: Path) -> None:
    """A link that somebody planted on the way must be named, with exit 2, and nothing copied."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (quiet / "inbox/x").symlink_to(elsewhere)
    (quiet / "inbox/file").write_bytes(b"x")
    for folder, part in (("x", "x"), ("x/deep", "x"), ("x/new/y", "x"), ("file", "file")):
        said = typed("submit", talk, "--folder", folder, spool=quiet)
        assert said.code == 2
        assert f"{quiet}/inbox/{part} is a link or no folder" in said.sentence
    assert listed(elsewhere) == ["deep"]
    assert listed(elsewhere / "deep") == listed(quiet / "staging") == []
    shutil.rmtree(elsewhere)  # a link to nowhere is one all the same
    assert typed("submit", talk, "--folder", "x", spool=quiet).code == 2


def test_a_name_of_full_length_can_be_submitted(quiet: Path, talk: Path) -> None:
    """A name for whose sidecar there would be no room must do without one."""
    long = talk.rename(talk.with_name("n" * 251 + ".wav"))
    assert typed("submit", long, spool=quiet).code == 0
    assert listed(quiet / "inbox") == [long.name]


def test_waiting_ends_with_the_transcript(runner: Living, talk: Path) -> None:
    """`submit --wait` must end when the transcript is there, name it, and exit 0."""
    said = typed("submit", talk, "--wait", spool=runner.spool)
    assert said.code == 0
    path = Path(said.out.strip())
    assert path.parent == runner.spool / "outbox"
    assert path.read_text() == "0.10 seconds\n"
    assert re.search(r"^talk\.wav +\S+ 100% done *$", said.err, re.MULTILINE)


def test_of_three_one_fails(runner: Living, talk: Path) -> None:
    """One that fails must be exit 1 and a sentence; the transcripts of the others are named."""
    bad, third = talk.with_name("bad.mp3"), talk.with_name("third.wav")
    bad.write_bytes(b"words, no music")
    third.write_bytes(silence(0.3))
    said = typed("submit", talk, bad, third, "--wait", spool=runner.spool)
    assert said.code == 1
    assert len(said.out.splitlines()) == 2
    assert re.search(rf"{bad}: this is a text file.* [(]job \w{{26}}[)]", said.err)


def test_a_bar_on_a_terminal(runner: Living, talk: Path) -> None:
    """On a terminal the wait must show how far it is, and how long it will still take."""
    script = ["script", "-qec", " ".join(map(str, [
        *program("submit", talk, "--wait", "-o", "'initial_prompt=\"2\"'"),
    ])), "/dev/null"]  # fmt: skip
    env = {**runner.environment, "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(script, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, text=True)  # fmt: skip
    assert done.returncode == 0
    assert {int(n) for n in re.findall(r"(\d+)%", done.stdout)} & set(range(20, 100))
    assert re.search(r"transcribing, \d:\d\d:\d\d left", done.stdout)
    assert "[progress" not in done.stdout


def test_the_time_for_waiting_can_end_first(runner: Living, talk: Path) -> None:
    """`--timeout` must end the wait with exit 3, not the work."""
    words = ("submit", talk, "--wait", "--timeout", "0.2", "-o", "initial_prompt='1'")
    said = typed(*words, spool=runner.spool)
    assert said.code == 3
    assert f"{talk}: not done in time" in said.err
    count = len(runner.outputs())
    wait_for("its transcript", lambda: len(runner.outputs()) > count)


def test_ctrl_c_ends_the_wait_and_not_the_work(runner: Living, talk: Path) -> None:
    """Ctrl-C while waiting must exit 130 without a traceback; the job goes on."""
    wait_for("rest", lambda: not runner.jobs("active"))
    before = len(runner.outputs())
    process = begun("submit", talk, "--wait", "-o", "initial_prompt='1'", spool=runner.spool)
    wait_for("its job", lambda: runner.jobs("active"))
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130
    wait_for("its transcript", lambda: len(runner.outputs()) == before + 1)


def test_waiting_for_nobody_says_so(quiet: Path, talk: Path) -> None:
    """Without a runner `--wait` must say that nothing will happen until one is started."""
    said = typed("submit", talk, "--wait", "--timeout", "0.1", spool=quiet)
    assert said.code == 3
    assert f"no runner is at work on {quiet}" in said.err.splitlines()[0]


def test_a_removed_file_ends_the_wait(quiet: Path, talk: Path) -> None:
    """A file that somebody takes out of the inbox must not be waited for for ever."""
    process = begun("submit", talk, "--wait", spool=quiet)
    wait_for("it in the inbox", (quiet / "inbox/talk.wav").exists)
    (quiet / "inbox/talk.wav").unlink()
    said = ended(process)
    assert said.code == 1
    assert "was it removed?" in said.err


def test_from_another_filesystem_no_half_file_is_ever_seen(quiet: Path) -> None:
    """However long the copy takes, the inbox must show the whole file or none."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == quiet.stat().st_dev:
        needs.refuse("needs /dev/shm as another filesystem")
    source = other / f"whisper-spool-{os.getpid()}.wav"
    whole = 64 * 1024 * 1024
    source.write_bytes(b"")
    os.truncate(source, whole)
    seen: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.update(p.lstat().st_size for p in (quiet / "inbox").iterdir())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        assert ended(begun("submit", source, spool=quiet)).code == 0
    finally:
        over.set()
        watcher.join()
        source.unlink()
    assert seen <= {whole}
    assert [p.stat().st_size for p in (quiet / "inbox").iterdir()] == [whole]


def test_a_submit_that_is_killed_leaves_no_recording(quiet: Path, talk: Path) -> None:
    """Killed in mid-copy, only a draft in staging/ may be left, which nobody claims."""
    os.truncate(talk, 2 * 1024**3 - 1)
    process = begun("submit", talk, spool=quiet)
    wait_for("a draft", lambda: [p for p in (quiet / "staging").iterdir() if p.stat().st_size])
    process.kill()
    process.communicate()
    assert listed(quiet / "inbox") == []
    assert all(name.startswith(".submit-") for name in listed(quiet / "staging"))
