"""The watcher with real events: prompt, watched itself, and told to poll where none come."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from runner.inbox.hints import Hint
from tests import needs
from tests.inbox.attendant import Attendant, hints, watch_of
from tests.inbox.eye import WAV, Eye

pytestmark = needs.linux()
DESCRIPTORS = Path("/proc/self/fd")


def test_events_are_seen_to_come_before_they_are_trusted(live: Eye) -> None:
    """On a local file system the probe must succeed, leaving nothing in the inbox."""
    watch = watch_of(live)
    assert (watch.mode, watch.why) == ("events", "events come")
    assert watch.healthy(0)
    assert list(live.inbox.iterdir()) == []
    assert live.look().waiting_total == 0


def test_renames_copies_and_links_give_hints(live: Eye) -> None:
    """Each way to drop a file must ring; only a rename says that it came whole."""
    watch = watch_of(live)
    live.look()
    outside = live.inbox.parent / "outside"
    outside.write_bytes(WAV)
    (live.inbox / "linked.wav").hardlink_to(outside)
    assert Hint("linked.wav", renamed=False, folder=False) in hints(watch, until="linked.wav")
    outside.rename(live.inbox / "renamed.wav")
    assert Hint("renamed.wav", renamed=True, folder=False) in hints(watch, until="renamed.wav")
    live.drop("copied.wav")
    assert {hint.renamed for hint in hints(watch, until="copied.wav")} == {False}


def test_a_claim_by_rename_gives_no_event(live: Eye) -> None:
    """Taking a file out must not wake us: it would be half of all wake-ups."""
    watch = watch_of(live)
    live.look()
    outside = live.inbox.parent / "outside"
    outside.write_bytes(WAV)
    outside.rename(live.inbox / "talk.wav")
    hints(watch, until="talk.wav")
    (live.inbox / "talk.wav").rename(outside)
    outside.rename(live.inbox / "other.wav")
    assert {hint.path for hint in hints(watch, until="other.wav")} == {"other.wav"}


DROPPER = """
import os, sys, time
for line in sys.stdin:
    target = line.rstrip("\\n")
    with open("outside", "wb") as file:
        file.write(b"RIFF\\x24\\x00\\x00\\x00WAVEfmt ")
    time.sleep(0.002)
    began = time.monotonic()
    os.rename("outside", target)
    print(began, flush=True)
"""
"""Renames a file into the inbox for each line, and says when it began."""


def test_event_to_claim_is_far_below_five_milliseconds(live: Eye) -> None:
    """While claiming by rename, a rename into the inbox must wake and be found ready at once."""
    attendant = Attendant(live)
    attendant.turn()
    delays = []
    program = [sys.executable, "-c", DROPPER]
    with subprocess.Popen(
        program, cwd=live.inbox.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as dropper:
        assert dropper.stdin
        assert dropper.stdout
        for number in range(200):
            name = f"{number}.wav"
            print(f"inbox/{name}", file=dropper.stdin, flush=True)
            attendant.until(lambda name=name: name in attendant.claimed)  # type: ignore[misc]
            dropped = float(dropper.stdout.readline())
            delays.append((attendant.claimed[name] - dropped) * 1000)
        dropper.stdin.close()
    centiles = statistics.quantiles(delays, n=100)
    print(f"event to claimed: p50 {centiles[49]:.2f} ms, p99 {centiles[98]:.2f} ms")  # noqa: T201
    assert centiles[49] < 5


def test_a_new_folder_is_watched_and_scanned(live: Eye) -> None:
    """What lies in a folder when it appears, and what comes later, must both be found."""
    attendant = Attendant(live)
    attendant.turn()
    tree = live.inbox.parent / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep/early.wav").write_bytes(WAV)
    tree.rename(live.inbox / "tree")
    attendant.until(lambda: "early.wav" in attendant.claimed)
    (live.inbox / "outside").parent.joinpath("../later").write_bytes(WAV)
    began = time.monotonic()
    (live.inbox / "../later").rename(live.inbox / "tree/deep/later.wav")
    attendant.until(lambda: "later.wav" in attendant.claimed)
    assert attendant.claimed["later.wav"] - began < 1.0
    assert attendant.entries["later.wav"].folder == "tree/deep"


def test_a_renamed_folder_is_followed(live: Eye) -> None:
    """Files dropped into a folder after it got a new name must be found under that name."""
    attendant = Attendant(live)
    (live.inbox / "old").mkdir()
    attendant.turn()
    (live.inbox / "old").rename(live.inbox / "new")
    attendant.rest(0.3)
    (live.inbox.parent / "x").write_bytes(WAV)
    (live.inbox.parent / "x").rename(live.inbox / "new/talk.wav")
    attendant.until(lambda: "talk.wav" in attendant.claimed)
    assert attendant.entries["talk.wav"].folder == "new"
    (live.inbox / "old").mkdir()  # another folder under the name that is free again
    attendant.rest(0.3)
    (live.inbox.parent / "x").write_bytes(WAV)
    (live.inbox.parent / "x").rename(live.inbox / "old/more.wav")
    attendant.until(lambda: "more.wav" in attendant.claimed)


def test_mended_permissions_are_noticed(live: Eye) -> None:
    """A change of mode must ring: it is how a person cures what is listed."""
    path = live.drop("talk.wav")
    live.look()
    watch_of(live).drain()
    watch_of(live).take(1000)
    path.chmod(0o640)
    hints(watch_of(live), until="talk.wav")
