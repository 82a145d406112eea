"""``health`` and ``doctor``: they turn red for each cause, with the reason, and green again."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.cli.typed import Said, listed, stopped, typed
from tests.e2e.living import Living, living, wait_for

STALE = {"RUNNER_STALE_SECONDS": 0.5}


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A runner that is well."""
    with living(tmp_path_factory.mktemp("well") / "spool", heartbeat_seconds=0.1) as runner:
        yield runner


def health(spool: Path, **env: object) -> Said:
    """Ask for it once."""
    return typed("health", spool=spool, env={"RUNNER_HEARTBEAT_SECONDS": 0.1, **env})


def turned(spool: Path, code: int, **env: object) -> Said:
    """Ask until the answer is ``code``."""
    said = wait_for(f"health {code}", lambda: (s := health(spool, **env)).code == code and s)
    assert isinstance(said, Said)
    assert said.err == ""
    assert said.out.splitlines()[0] == ("not healthy" if code else "healthy")
    return said


def test_a_runner_that_is_well_is_green(well: Living) -> None:
    """Exit 0, one word, and the same for programs."""
    assert turned(well.spool, 0).out == "healthy\n"
    seen = json.loads(typed("health", "--json", spool=well.spool).out)
    assert seen == {"ok": True, "reasons": [], "warnings": []}


def test_no_runner_is_red(quiet: Path, tmp_path: Path) -> None:
    """Nobody at work, a runner of another name, no spool at all: exit 1 and the reason."""
    assert "no runner is running" in turned(quiet, 1).out
    assert "there is no spool at" in turned(tmp_path / "nowhere", 1).out
    seen = typed("health", "--json", spool=quiet)
    assert (seen.code, json.loads(seen.out)["ok"]) == (1, False)


def test_another_name_is_another_runner(well: Living) -> None:
    """A runner that is well must not lend its health to one of another name."""
    said = typed("health", "--name", "two", spool=well.spool)
    assert (said.code, "no runner is running" in said.out) == (1, True)


def test_a_runner_that_hangs_is_red_until_it_goes_on(well: Living) -> None:
    """A stopped process holds its lock and is silent: its last heartbeat must be too old."""
    assert well.process
    with stopped(well.process):
        assert "hangs: its last heartbeat is from" in turned(well.spool, 1, **STALE).out
    turned(well.spool, 0, **STALE)


def test_wrong_options_of_a_folder_are_red_until_mended(well: Living) -> None:
    """A folder whose _options.toml is wrong must be named with the key, until it is right."""
    folder = well.spool / "inbox/korean"
    folder.mkdir()
    (folder / "_options.toml").write_text("beam_sizes = 3\n")
    (folder / "talk.wav").write_bytes(b"x")
    said = turned(well.spool, 1).out
    assert "korean" in said
    assert "beam_sizes" in said
    assert (folder / "talk.wav").exists()
    (folder / "talk.wav").unlink()
    (folder / "_options.toml").unlink()
    turned(well.spool, 0)


def test_paused_is_green_with_a_word(well: Living) -> None:
    """A pause is somebody's will, no fault: exit 0, and a line that says so."""
    typed("pause", spool=well.spool)
    try:
        wait_for("paused", lambda: "- paused: " in turned(well.spool, 0).out)
    finally:
        typed("resume", spool=well.spool)
    wait_for("no word of it", lambda: turned(well.spool, 0).out == "healthy\n")


def test_an_engine_that_can_not_load_is_red(tmp_path: Path) -> None:
    """Once a file wants it, the engine's own reason must be told."""
    with living(tmp_path / "spool", engine="tests.engines.cannot_load") as runner:
        runner.drop("talk.wav")
        assert "the model echo is not in" in turned(runner.spool, 1).out


def test_too_little_space_is_red_until_there_is_more(tmp_path: Path) -> None:
    """Below min_free_bytes intake pauses and health says so."""
    with living(tmp_path / "spool", min_free_bytes=10**18) as runner:
        said = turned(runner.spool, 1).out
        assert re.search("min_free_bytes|free", said), said


# -- doctor -------------------------------------------------------------------------------------


def found(said: Said) -> dict[str, tuple[str, str]]:
    """The doctor's findings: what, its grade and what was seen; the worst of each."""
    findings = json.loads(said.out)
    findings.sort(key=lambda one: ("ok", "warn", "fail").index(one["grade"]))
    return {one["what"]: (one["grade"], one["seen"]) for one in findings}


def test_the_doctor_finds_a_living_runner_well(well: Living) -> None:
    """Each question must be answered: filesystem, leases, events, device, model, modes, space."""
    said = typed("doctor", "--json", spool=well.spool)
    assert said.code == 0
    seen = found(said)
    wanted = {
        "spool", "filesystem", "moves", "locks", "read leases", "events", "free space", "engine",
        "device", "model", "runner", "settings", "system", "folder inbox/", "folder outbox/",
        "folder staging/", "folder active/", "folder deferred/", "folder done/", "folder failed/",
        "folder run/", "folder run/public/",
    }  # fmt: skip
    assert set(seen) == wanted
    assert {grade for grade, _ in seen.values()} <= {"ok", "warn"}
    assert seen["runner"] == ("ok", "runner is at work and well")
    words = typed("doctor", spool=well.spool)
    assert words.code == 0
    assert "ok   locks: hold\n" in words.out
    assert not list(well.spool.rglob("*doctor*"))


def test_the_doctor_names_what_is_wrong_with_a_spool(quiet: Path) -> None:
    """Modes that are too wide or too narrow, and too little space, must have a finding each."""
    for folder, mode in (("active", 0o755), ("inbox", 0o755), ("outbox", 0o755)):
        (quiet / folder).chmod(mode)
    env = {"RUNNER_MIN_FREE_BYTES": 10**18, "RUNNER_ENGINE": "no.such.module",
           "RUNNER_SETLE_SECONDS": 3}  # fmt: skip
    said = typed("doctor", "--json", spool=quiet, env=env)
    assert said.code == 1
    seen = found(said)
    assert seen["folder active/"][0] == "warn"
    assert seen["folder inbox/"][0] == "warn"
    assert seen["folder outbox/"][0] == "warn"
    assert seen["folder staging/"][0] == "ok"
    assert seen["free space"][0] == "fail"
    assert seen["engine"] == ("fail", "no.such.module: there is no module no.such.module")
    assert seen["runner"] == ("warn", "none named runner is at work")
    assert seen["settings"] == ("warn", "RUNNER_SETLE_SECONDS is no setting")
    cures = [one["cure"] for one in json.loads(said.out) if one["grade"] != "ok"]
    assert all(cures)


def test_the_doctor_sees_two_filesystems(quiet: Path) -> None:
    """A folder of the spool that lies on another filesystem must fail."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == quiet.stat().st_dev:
        needs.refuse("needs /dev/shm as another filesystem")
    (quiet / "outbox").rename(quiet / "old")
    (quiet / "outbox").symlink_to(other)
    said = typed("doctor", "--json", spool=quiet)
    assert said.code == 1
    assert found(said)["filesystem"] == ("fail", "outbox lies on another one")


def test_the_doctor_without_a_spool(tmp_path: Path) -> None:
    """No spool yet is a warning; a place where none can be made fails; nothing is made."""
    file = tmp_path / "file"
    file.touch()
    soon = typed("doctor", "--json", "--spool", tmp_path / "new")
    never = typed("doctor", "--json", "--spool", file / "new")
    assert (soon.code, found(soon)["spool"][0]) == (0, "warn")
    assert (never.code, found(never)["spool"][0]) == (1, "fail")
    assert listed(tmp_path) == ["file"]


def test_the_doctor_sees_a_worker_path_that_is_not_there(quiet: Path, tmp_path: Path) -> None:
    """A mistyped entry of ``worker_paths`` opens nothing, and must be pointed out."""
    missing = tmp_path / "voices"
    said = typed("doctor", "--json", spool=quiet, env={"RUNNER_WORKER_PATHS": f"{missing},/usr"})
    assert said.code == 0
    assert found(said)["settings"] == ("warn", f"worker_paths: there is no {missing}")
