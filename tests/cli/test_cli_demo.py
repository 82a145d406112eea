"""``demo``: shows the whole way, and leaves nothing behind however it ends."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.cli.typed import begun, ended, listed
from tests.e2e.living import ROOT, wait_for

ECHO = ("--set", "engine=tests.engines.echo", "--set", "model=echo")
"""The bundled model takes some seconds; the end-to-end tests have it."""
CLIPS = [path for path in listed(ROOT / "runner/demo/clips") if not path.startswith(".")]


def test_the_demo_shows_each_recording_s_way(tmp_path: Path) -> None:
    """Exit 0, each clip's subtitles, and where every file went; `--keep` leaves it all."""
    said = ended(begun("demo", "--keep", *ECHO, env={"TMPDIR": tmp_path}))
    assert said.code == 0
    for clip in CLIPS:
        stem = clip.split(".")[0]
        assert f"outbox/{stem}.srt\n  1\n  00:00:00,000 --> " in said.out
        assert re.search(rf"{clip} +\S+ 100% done", said.err)
    assert said.out.count("─ job.json") == len(CLIPS)
    *_, done, kept = said.out.splitlines()
    assert done.startswith("All done in ")
    assert len(listed(Path(kept.removeprefix("kept: ")) / "spool/done")) == len(CLIPS)


def test_a_demo_whose_reader_leaves_tidies_up(tmp_path: Path) -> None:
    """`demo | head -1` must end without a word about it, and remove the folder."""
    reader, writer = os.pipe()
    os.close(reader)
    said = ended(begun("demo", *ECHO, env={"TMPDIR": tmp_path}, stdout=writer))
    os.close(writer)
    assert (said.code, said.err) == (-signal.SIGPIPE, "")
    assert listed(tmp_path) == []


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_a_demo_that_is_stopped_tidies_up(tmp_path: Path, how: int, code: int) -> None:
    """Ctrl-C and TERM must end runner and workers, and remove the folder."""
    words = ("--set", "engine=tests.engines.hang", "--set", "drain_seconds=0", *ECHO[2:])
    process = begun("demo", *words, env={"TMPDIR": tmp_path})
    wait_for("an attempt", lambda: list(tmp_path.glob("*/spool/active/*/attempt-1")))
    runner = int(next(tmp_path.glob("*/spool/run/demo/lock")).read_text())
    process.send_signal(how)
    said = ended(process)
    assert (said.code, said.err.count("Traceback")) == (code, 0)
    assert listed(tmp_path) == []
    wait_for("the runner's end", lambda: not Path(f"/proc/{runner}").exists(), 2)
