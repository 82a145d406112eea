"""deploy/runner.toml is the settings' own page: complete, true, in order."""

import re
import tomllib
from pathlib import Path

import pytest

from runner.config import Settings, load
from runner.job.errors import ConfigError

FILE = Path(__file__).resolve().parents[2] / "deploy" / "runner.toml"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable that could change a setting."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RUNNER_{name.upper()}", raising=False)
    for name in ("FORCE_CPU", "PYTORCH_ENABLE_MPS_FALLBACK", "RUNNER_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_every_setting_is_listed_and_none_is_invented() -> None:
    """The file must name each setting once, in the order of the code."""
    assert list(tomllib.loads(FILE.read_text())) == list(Settings.model_fields)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_each_value_is_the_default(name: str) -> None:
    """Reading the file must change nothing: each value is the one without it."""
    assert getattr(load(FILE), name) == getattr(Settings(), name)


def test_each_setting_is_explained() -> None:
    """A comment must stand above each setting, or above the one that it is paired with."""
    lines = FILE.read_text().splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"[a-z_]+ = ", line)]
    settings = re.compile(r'[a-z_]+ = |    "|\]')
    bare = [
        lines[start]
        for start in starts
        if not lines[start - 1].startswith("# ") and not settings.match(lines[start - 1])
    ]
    assert bare == []


def test_a_changed_value_is_taken(tmp_path: Path) -> None:
    """A line edited in the file must be what the runner then works with."""
    changed = tmp_path / "runner.toml"
    changed.write_text(FILE.read_text().replace("max_attempts = 3", "max_attempts = 5"))
    assert load(changed).max_attempts == 5


def test_a_misspelt_setting_is_refused_by_name(tmp_path: Path) -> None:
    """A setting that does not exist must be refused in a sentence that names it."""
    changed = tmp_path / "runner.toml"
    changed.write_text(FILE.read_text().replace("max_attempts = 3", "max_attemps = 5"))
    with pytest.raises(ConfigError, match="max_attemps"):
        load(changed)
