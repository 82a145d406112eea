"""Where a setting's value comes from: default, file, environment, command line."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.config import Settings, explain, load, slips
from runner.config.environment import child_environment
from runner.job.errors import ConfigError

WriteToml = Callable[[str], Path]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with no variable of ours."""
    for name in [*os.environ]:
        if name.startswith("RUNNER_") or name in {"FORCE_CPU", "PYTORCH_ENABLE_MPS_FALLBACK"}:
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path) -> WriteToml:
    """Write a settings file and return its path."""

    def write(text: str) -> Path:
        file = tmp_path / "my.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def source(name: str, *arguments: object) -> tuple[object, str]:
    """The value and the source of one setting under ``load``'s arguments."""
    settings = load(*arguments)  # type: ignore[arg-type]
    rows = explain(settings, *arguments)  # type: ignore[arg-type]
    return next((value, where) for key, value, where in rows if key == name)


def test_each_layer_beats_the_one_below(toml: WriteToml, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default gives way to the file, that to the environment, that to the command line."""
    assert source("max_attempts") == (3, "default")
    file = toml("max_attempts = 4")
    assert source("max_attempts", file) == (4, str(file))
    monkeypatch.setenv("RUNNER_MAX_ATTEMPTS", "5")
    assert source("max_attempts", file) == (5, "RUNNER_MAX_ATTEMPTS")
    assert source("max_attempts", file, {"max_attempts": "6"}) == (6, "command line")


def test_a_file_can_be_named_by_the_environment(
    toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RUNNER_CONFIG must name the file; one that is named otherwise is read in its stead."""
    file = toml("slots = 4")
    monkeypatch.setenv("RUNNER_CONFIG", str(file))
    assert source("slots") == (4, str(file))
    other = file.with_name("other.toml")
    other.write_text("")
    assert source("slots", other) == ("auto", "default")


def test_a_variable_set_to_nothing_is_not_set(
    toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable must leave the file's value, and not be named as the source."""
    file = toml("formats = ['txt']")
    monkeypatch.setenv("RUNNER_FORMATS", "")
    assert source("formats", file) == (("txt",), str(file))
    monkeypatch.setenv("RUNNER_SLOTS", "")
    assert source("slots") == ("auto", "default")


def test_lists_come_with_commas_or_as_lists(
    toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`a, b` in a variable and a list in the file must mean the same; a name counts once."""
    monkeypatch.setenv("RUNNER_FORMATS", "srt, txt,srt,")
    assert load().formats == ("srt", "txt")
    monkeypatch.delenv("RUNNER_FORMATS")
    assert load(toml('formats = ["srt", "txt"]')).formats == ("srt", "txt")
    assert load(None, {"worker_paths": "/a,/b"}).worker_paths == ("/a", "/b")


@pytest.mark.parametrize(
    ("variable", "name", "other"),
    [
        ("FORCE_CPU", "force_cpu", "RUNNER_FORCE_CPU"),
        ("PYTORCH_ENABLE_MPS_FALLBACK", "mps_fallback", "RUNNER_MPS_FALLBACK"),
    ],
)
def test_the_usual_names_of_two_settings(
    variable: str, name: str, other: str, toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FORCE_CPU and PYTORCH_ENABLE_MPS_FALLBACK must work as their names say, as a layer."""
    for text, value in (("1", True), ("0", False), ("true", True), ("no", False)):
        monkeypatch.setenv(variable, text)
        assert source(name) == (value, variable)
        monkeypatch.delenv(variable)
        monkeypatch.setenv(other, text)
        assert source(name) == (value, other)
        monkeypatch.delenv(other)
    file = toml(f"{name} = true")
    assert source(name, file) == (True, str(file))
    monkeypatch.setenv(variable, "0")
    assert source(name, file) == (False, variable)
    assert source(name, file, {name: "1"}) == (True, "command line")


def test_slips_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is nearly one of ours must be told with the likely name; others are not."""
    for name in ("RUNNER_SETLE_SECONDS", "RUNNER_SLOT", "RUNNER_TEMP", "RUNNER_OS"):
        monkeypatch.setenv(name, "1")
    assert slips() == {
        "RUNNER_SETLE_SECONDS": "RUNNER_SETTLE_SECONDS",
        "RUNNER_SLOT": "RUNNER_SLOTS",
    }


WRONG = {
    "slots = 0": "slots: must be 'auto' or be greater than or equal to 1 (got 0)",
    "slots = 257": "slots: must be 'auto' or be less than or equal to 256 (got 257)",
    "slots = 'many'": "slots: must be 'auto' or be a valid integer",
    "slots = true": "slots: must not be true or false (got True)",
    "max_attempts = 0.5": "max_attempts: must be a valid integer",
    "stall_seconds = 0": "stall_seconds: must be greater than 0 (got 0)",
    "settle_seconds = nan": "settle_seconds: must be 'auto' or be less than",
    "formats = []": "formats: must have at least 1 item",
    "formats = ['mp4']": "formats: must be 'json', 'srt', 'vtt', 'txt' or 'tsv' (got ['mp4'])",
    "watch = 'x'": "watch: must be 'auto', 'events' or 'poll' (got 'x')",
    "output_mode = '0100'": 'output_mode: must be an octal mode from "0400" to "0777"',
    "output_mode = 'rw'": 'output_mode: must be an octal mode from "0400" to "0777"',
    "runner_name = '../up'": "runner_name: must match pattern",
    "spool = ''": "spool: must be a path (got '')",
    "spool = 3": "spool: must be a path (got 3)",
    "model = ''": "model: must have at least 1 character (got '')",
    "force_cpu = 'maybe'": "force_cpu: must be a valid boolean",
    "junk_names = 3": "junk_names: must be",
    "slotz = 1": "unknown setting 'slotz'; did you mean 'slots'?",
    "zzz = 1": "unknown setting 'zzz'",
    "slots = ": "not TOML (",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_line_is_one_sentence(line: str, toml: WriteToml) -> None:
    """The file, the key, what it must be and what it is must stand in one line."""
    file = toml(line)
    with pytest.raises(ConfigError) as caught:
        load(file)
    sentence = str(caught.value)
    assert sentence.startswith(f"{file}: {WRONG[line]}")
    assert "\n" not in sentence
    assert "pydantic" not in sentence


def test_the_place_of_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable, an option of its own and a `--set` must be named as they were written."""
    for name in ("RUNNER_SLOTS", "FORCE_CPU", "RUNNER_RUNNER_NAME"):
        monkeypatch.setenv(name, "?")
        with pytest.raises(ConfigError, match=rf"^{name}: must .* \(got '\?'\)$"):
            load()
        monkeypatch.delenv(name)
    for key, option in (("slots", "--slots"), ("runner_name", "--name"), ("spool", "--spool"),
                        ("stall_seconds", "--set stall_seconds")):  # fmt: skip
        with pytest.raises(ConfigError, match=f"^{option}: must "):
            load(None, {key: ""})


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    """An absent file, a folder, and one that is no text must be named."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for file in (tmp_path / "gone.toml", tmp_path, binary):
        with pytest.raises(ConfigError, match=f"^{file}: (cannot be read|not TOML)"):
            load(file)


def test_settings_are_values() -> None:
    """Nobody may change a setting once it is loaded."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().slots = 3  # type: ignore[misc]


def test_what_child_programs_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the short list, what worker_env_keep names, and our own: no secret of the daemon's."""
    for name in ("AWS_SECRET", "HF_TOKEN", "CUDA_VISIBLE_DEVICES", "LC_ALL", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    seen = child_environment(load(None, {"worker_env_keep": "HF_*"}))
    assert "AWS_SECRET" not in seen
    assert (seen["HF_TOKEN"], seen["CUDA_VISIBLE_DEVICES"], seen["LC_ALL"]) == ("7", "7", "7")
    assert seen["OMP_NUM_THREADS"] == "1"
    assert seen["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"
    kept = child_environment(
        load(None, {"worker_env_keep": "OMP_NUM_THREADS", "mps_fallback": "0"})
    )
    assert kept["OMP_NUM_THREADS"] == "7"
    assert kept["PYTORCH_ENABLE_MPS_FALLBACK"] == "0"
