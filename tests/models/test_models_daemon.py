"""A daemon without its model: it fetches it, files wait, and then they are transcribed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.dispatcher import fetching
from runner.dispatcher.brakes import Brakes
from runner.dispatcher.clock import Moment
from runner.models import names, official
from runner.models.locate import DEMO_FILE
from runner.telemetry.log import logger
from tests.e2e.living import ROOT, Living, running, wait_for
from tests.models.shop import Shop

HELLO = (DEMO_FILE.parent / "clips/hello.wav").read_bytes()


@contextmanager
def fetching_runner(spool: Path, site: Path, home: Path, **more: object) -> Iterator[Living]:
    """A runner with the real engine whose model ``toy`` is not here yet."""
    settings = {"engine": "openai-whisper", "model": "toy", "model_dir": home, "formats": "json"}
    runner = Living(spool, **settings, **more)
    runner.settings["PYTHONPATH"] = str(site)
    with running(runner):
        yield runner


def status(runner: Living) -> dict[str, Any]:
    """What ``status --json`` says of the one runner."""
    done = subprocess.run(
        [sys.executable, "-m", "runner", "status", "--json"], cwd=ROOT, env=runner.environment,
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    (said,) = json.loads(done.stdout)["runners"]
    return dict(said)


def test_files_wait_for_their_models(
    real_shop: Shop, site: Path, home: Path, tmp_path: Path
) -> None:
    """Files must wait, the percentage be shown; then each is done with its model.

    One is the model in use, the other one that jobs may ask for.
    """
    real_shop.manner = "half"
    with fetching_runner(tmp_path / "spool", site, home, allowed_models="toy2") as runner:
        (runner.spool / "inbox/other.wav.toml").write_text('model = "toy2"\n')
        dropped = [runner.drop(name, HELLO) for name in ("talk.wav", "other.wav")]
        wait_for("half the model", lambda: percent(runner) > 40, 60)
        pull = status(runner)["status"]["model_pull"]
        assert pull["model"] == "toy"
        assert 40 < pull["percent"] <= 50
        assert all(path.exists() for path in dropped)
        assert status(runner)["healthy"]  # waiting for its model is no fault
        real_shop.gate.set()
        runner.delivered("talk.json", "other.json", seconds=90)
        jobs = [json.loads((runner.spool / f"outbox/{stem}.json").read_text())["job"]
                for stem in ("talk", "other")]  # fmt: skip
        assert [job["model"] for job in jobs] == ["toy", "toy2"]
        assert {job["model_sha256"] for job in jobs} == {real_shop.sha256}
        wait_for("no pull any more", lambda: runner.status().get("model_pull") is None)
    assert real_shop.asked == 2
    assert {path.name for path in home.glob("*.pt")} == {"toy.pt", "toy2.pt"}


def percent(runner: Living) -> float:
    """How far the pull is."""
    pull: dict[str, Any] = runner.status().get("model_pull") or {}
    return float(pull.get("percent") or 0)


def test_a_failing_pull_is_told_and_tried_again(
    real_shop: Shop, site: Path, home: Path, tmp_path: Path
) -> None:
    """With no model to be had health must be red with the reason; when it is back, all is well."""
    real_shop.manner = "missing"
    with fetching_runner(tmp_path / "spool", site, home) as runner:
        runner.drop("talk.wav", HELLO)
        reasons = wait_for("a reason", lambda: runner.status().get("reasons"), 60)
        assert "the model toy can't be fetched" in reasons[0]
        assert "it answered 503" in reasons[0]
        assert runner.status()["state"] == "braked"
        assert runner.jobs("active") == runner.jobs("failed") == []
        real_shop.manner = "whole"
        runner.delivered("talk.json", seconds=90)
        wait_for("health", lambda: status(runner)["healthy"])
    assert real_shop.asked == 2


def test_the_daemon_knows_the_files_of_all_official_models(tmp_path: Path) -> None:
    """The daemon must find a model under the name that whisper's own table gives its file."""
    for name in names():
        model = official(name)
        assert model
        assert not fetching.present(name, tmp_path)
        (tmp_path / model.file).touch()
        assert fetching.present(name, tmp_path), name
        (tmp_path / model.file).unlink()


class Pulls:
    """Stands for the program: each ends at once with the next status."""

    started: list[str]
    statuses: list[int]

    def __init__(self, arguments: list[str]) -> None:
        self.started.append(arguments[2])

    def reports(self) -> Iterator[dict[str, Any]]:
        yield {"event": "failed", "reason": "no network"}

    def ended(self) -> int:
        return self.statuses.pop(0)

    def end(self) -> None: ...


@pytest.fixture
def pulls(monkeypatch: pytest.MonkeyPatch) -> type[Pulls]:
    """Pulls without programs, for the law of the pauses."""
    Pulls.started, Pulls.statuses = [], []
    monkeypatch.setattr(fetching, "Program", Pulls)
    return Pulls


def rooms(home: Path, *allowed: str) -> Any:
    """What ``Fetching`` looks at."""
    settings = SimpleNamespace(engine="openai-whisper", model_dir=home, allowed_models=allowed)
    pool = SimpleNamespace(placement=SimpleNamespace(model="tiny"))
    return SimpleNamespace(settings=settings, pool=pool, brakes=Brakes(logger()))


def test_pauses_grow_and_end_at_ten_minutes(home: Path, pulls: type[Pulls]) -> None:
    """A pull that fails must be tried after 10 s, 20 s, … 600 s, and files wait all the time."""
    here = rooms(home)
    one = fetching.Fetching(here)
    pulls.statuses = [1] * 9
    tries: list[int] = []
    for second in range(2400):
        one.turn(Moment(wall=0.0, mono=float(second)))
        if len(pulls.started) > len(tries):
            tries.append(second)
        assert here.brakes.holding(float(second))
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600]
    assert here.brakes.reasons(but={"pull"}) == ("no network",)


def test_a_model_not_in_use_holds_nothing_up(home: Path, pulls: type[Pulls]) -> None:
    """When an allowed model can't be had the others' files must go on, the reason be shown."""
    here = rooms(home, "base")
    home.mkdir()
    (home / "tiny.pt").touch()
    one = fetching.Fetching(here)
    pulls.statuses = [1, 1, 0]
    for second in range(12):
        one.turn(Moment(wall=0.0, mono=float(second)))
        assert not here.brakes.holding(float(second))
    assert here.brakes.reasons() == ("no network",)
    for second in range(12, 60):
        one.turn(Moment(wall=0.0, mono=float(second)))
    assert here.brakes.reasons() == ()
    assert pulls.started == ["base"] * 3
