"""Several processes on one spool, killed at random: each recording once, each result once."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from runner import spool
from tests.spool.world import World

ROOT = Path(__file__).resolve().parents[2]
FILES = 60
KILLS = 8
SEED = 7


def start(layout: spool.Layout) -> subprocess.Popen[str]:
    """Start a mover and wait until it works."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.spool.mover", str(layout.root), "work"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    return process


def check(world: World) -> None:
    """Each recording is in one done job, each of its renderings in the outbox once."""
    assert [p for p in world.layout.inbox.rglob("*") if p.is_file()] == []
    assert list(world.states().values()) == ["done"] * FILES
    texts = sorted(text.split(" ", 1)[1] for text in world.outbox().values())
    assert texts == sorted(f"{form} of {n}" for n in range(FILES) for form in ("srt", "json"))


def drop_all(world: World) -> None:
    """Drop files of a few stems only, so that names clash all the time."""
    for number in range(FILES):
        world.drop(f"{number % 9}.{number}x", str(number), folder=f"f{number % 3}")


@pytest.mark.timeout(90)
def test_two_movers_share_the_work(world: World) -> None:
    """Two processes that claim the same files must do each once, and neither must fail."""
    drop_all(world)
    movers = [start(world.layout) for _ in range(2)]
    for mover in movers:
        _, errors = mover.communicate()
        assert mover.returncode == 0, errors
    check(world)


@pytest.mark.timeout(90)
def test_movers_that_are_killed_lose_nothing(world: World) -> None:
    """SIGKILL at random moments: their successors bring everything to its end, once."""
    drop_all(world)
    dice = random.Random(SEED)
    movers = [start(world.layout) for _ in range(2)]
    for _ in range(KILLS):
        victim = dice.choice(movers)
        try:
            victim.wait(dice.uniform(0.0, 0.08))
        except subprocess.TimeoutExpired:
            victim.kill()
        victim.communicate()
        movers[movers.index(victim)] = start(world.layout)
    for mover in movers:
        _, errors = mover.communicate()
        assert mover.returncode == 0, errors
    check(world)
