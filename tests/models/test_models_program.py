"""The programs that fetch: ``python -m runner.models`` and ``whisper-spool models pull``."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.living import ROOT, wait_for
from tests.models.shop import Shop


def start(site: Path, *arguments: object, **more: Any) -> subprocess.Popen[bytes]:
    """Start one of our modules where ``toy`` is official."""
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, **more)


def pulling(site: Path, home: Path, output: Path) -> subprocess.Popen[bytes]:
    """Start a pull whose words go into a file."""
    with output.open("wb") as file:
        return start(site, "runner.models", "pull", "toy", "--model-dir", home, stdout=file)


def events(output: Path) -> list[str]:
    """What a pull has said so far."""
    return [json.loads(line)["event"] for line in output.read_text().splitlines()]


def test_two_processes_fetch_once(real_shop: Shop, site: Path, home: Path, tmp_path: Path) -> None:
    """Of two pulls at the same time one must wait for the other, and find the file there."""
    real_shop.manner = "half"
    outputs = [tmp_path / "one", tmp_path / "two"]
    pulls = [pulling(site, home, output) for output in outputs]
    try:
        wait_for("one fetching", lambda: any("progress" in events(path) for path in outputs), 60)
        wait_for("one waiting", lambda: any("waiting" in events(path) for path in outputs), 60)
        assert not (home / "toy.pt").exists()
        assert (home / ".toy.pt.draft").exists()
        real_shop.gate.set()
        assert [process.wait(60) for process in pulls] == [0, 0]
    finally:
        for process in pulls:
            process.kill()
    told = {event for path in outputs for event in events(path)}
    assert {"pulled", "present"} <= told
    assert real_shop.asked == 1
    assert (home / "toy.pt").read_bytes() == real_shop.content
    assert not (home / ".toy.pt.draft").exists()
    assert len(list((home / "prepared").glob("*.f32"))) == 1  # it is converted too


def test_a_pull_that_is_killed_leaves_no_model(
    real_shop: Shop, site: Path, home: Path, tmp_path: Path
) -> None:
    """After SIGKILL in the middle there must be no file of that name, and the next pull be fine."""
    real_shop.manner = "half"
    first = pulling(site, home, tmp_path / "one")
    wait_for("half a draft", lambda: (home / ".toy.pt.draft").exists() and real_shop.asked, 60)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not (home / "toy.pt").exists()
    real_shop.manner = "whole"
    assert pulling(site, home, tmp_path / "two").wait(60) == 0
    assert (home / "toy.pt").read_bytes() == real_shop.content


def test_a_person_sees_a_bar(real_shop: Shop, site: Path, home: Path) -> None:
    """On a terminal ``models pull`` must show the name, a bar and 100 %, then the path."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = start(
            site, "runner", "models", "pull", "toy", "--model-dir", home,
            stdout=subprocess.PIPE, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while bite := screen.read(65536):
                shown += bite
        except OSError:
            pass  # EIO: the other end is closed
        out = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert out.decode().split() == [str(home / "toy.pt")]
    words = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()
    assert "toy" in words
    assert "━" in words
    assert "100%" in words
    assert real_shop.asked == 1


def test_a_person_sees_the_reason(real_shop: Shop, site: Path, home: Path) -> None:
    """A failing ``models pull`` must say why in one sentence, without a traceback, and exit 1."""
    real_shop.manner = "cut"
    process = start(
        site, "runner", "models", "pull", "toy", "--model-dir", home, stderr=subprocess.PIPE
    )
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "was cut off after" in said
    assert len(said.strip().splitlines()) == 1
