"""A process that moves jobs, for tests with several of them or with another user.

``python -m tests.spool.mover ROOT VERB [UID GID]``: ``prepare``; ``claim`` each file of the
inbox and say what came of it; ``work`` until inbox, active and deferred are empty, as a runner
does. It starts as root and becomes UID: the interpreter may lie where that user can't read.
"""

import json
import os
import secrets
import sys
from pathlib import Path

from runner import spool
from runner.durable import calls
from runner.job.ids import new_id
from runner.job.states import State
from tests.spool.world import LAW, NOW, World, entry_of

IDLE_TURNS = 3


Claimed = spool.Held | spool.LostRace | spool.Skipped


def claims(layout: spool.Layout, name: str) -> list[tuple[str, Claimed]]:
    """Claim every file in the inbox."""
    got: list[tuple[str, Claimed]] = []
    for path in sorted(layout.inbox.rglob("*")):
        try:
            if path.is_dir() or path.name.startswith("."):
                continue
            entry = entry_of(layout, path)
        except FileNotFoundError:
            continue
        job = new_id(NOW, secrets.randbits(80))
        got.append((entry.name, spool.claim(layout, entry, id=job, runner=name, now=NOW)))
    return got


def finish(world: World, held: spool.Held) -> None:
    """Do a leased job."""
    with held:
        world.begin(held)
        world.work(held)
        spool.publish(held, world.law, now=NOW)


def turn(world: World) -> bool:
    """Recover, readmit, claim; return whether there was anything to do."""
    layout, busy = world.layout, False
    for job in spool.list_ids(layout, State.ACTIVE):
        held = spool.take(layout, State.ACTIVE, job)
        busy = True
        if isinstance(held, spool.Held):
            with held:
                spool.recover(held, law=LAW, publish_law=world.law, now=NOW)
    for job in spool.list_ids(layout, State.DEFERRED):
        got = spool.readmit(layout, job, runner="m")
        if isinstance(got, spool.Held):
            finish(world, got)
        busy = True
    for _, claimed in claims(layout, "m"):
        busy = True
        if isinstance(claimed, spool.Held):
            finish(world, claimed)
    spool.sweep_staging(layout, now=NOW * 2, keep_seconds=NOW, budget=50)
    return busy


def main(root: str, verb: str) -> None:
    """Run one verb."""
    layout = spool.Layout(Path(root))
    if verb == "prepare":
        spool.prepare(layout)
    elif verb == "claim":
        said = {
            name: got.errno if isinstance(got, spool.Skipped) else type(got).__name__
            for name, got in claims(layout, "m")
        }
        sys.stdout.write(json.dumps(said))
    else:
        setattr(calls, "fsync", lambda _fd: None)  # noqa: B010 - processes die, not the machine
        sys.stdout.write("up\n")
        sys.stdout.flush()
        idle = 0
        while idle < IDLE_TURNS:
            idle = 0 if turn(World(layout)) else idle + 1


if __name__ == "__main__":
    os.umask(0o022)
    if len(sys.argv) > 3:
        uid, gid = map(int, sys.argv[3:])
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    main(*sys.argv[1:3])
