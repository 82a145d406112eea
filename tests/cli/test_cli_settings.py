"""Settings from the environment, a file and the command line, and how they are refused."""

import json
from pathlib import Path
from typing import Any

from tests.cli.typed import typed

GIVEN = {
    "RUNNER_MODEL": ("turbo", "turbo"),
    "RUNNER_ENGINE": ("tests.engines.echo", "tests.engines.echo"),
    "RUNNER_DEVICE": ("cuda:1", "cuda:1"),
    "RUNNER_SLOTS": ("3", 3),
    "RUNNER_FORMATS": ("txt, json", ["txt", "json"]),
    "RUNNER_JOB_TIMEOUT_SECONDS": ("77", 77.0),
    "RUNNER_STALL_SECONDS": ("78", 78.0),
    "RUNNER_SETTLE_SECONDS": ("79.5", 79.5),
    "RUNNER_MAX_UPLOAD_BYTES": ("80", 80),
    "RUNNER_MAX_AUDIO_SECONDS": ("81", 81.0),
    "RUNNER_MAX_ATTEMPTS": ("82", 82),
    "RUNNER_RETRY_SECONDS": ("83", 83.0),
    "RUNNER_DRAIN_SECONDS": ("84", 84.0),
    "RUNNER_MIN_FREE_BYTES": ("85", 85),
    "RUNNER_WORKER_ENV_KEEP": ("KEPT,OTHER", ["KEPT", "OTHER"]),
    "RUNNER_WORKER_PATHS": ("/one,/two", ["/one", "/two"]),
}


def configured(*words: object, **extra: Any) -> dict[str, Any]:
    """What `config --json` says."""
    said = typed(*words, "config", "--json", **extra)
    assert said.code == 0, said.err
    return dict(json.loads(said.out))


def test_each_variable_is_read_under_its_name(tmp_path: Path) -> None:
    """Every documented variable must set its setting, and `config` must name it as the source."""
    seen = configured(spool=tmp_path, env={name: text for name, (text, _) in GIVEN.items()})
    for name, (_, value) in GIVEN.items():
        assert seen[name.removeprefix("RUNNER_").lower()] == {"value": value, "source": name}
    assert seen["spool"] == {"value": str(tmp_path), "source": "RUNNER_SPOOL"}
    assert seen["idle_seconds"]["source"] == "default"


def test_file_environment_and_command_line(tmp_path: Path) -> None:
    """The command line must beat the environment, that the file, that the default."""
    file = tmp_path / "my.toml"
    file.write_text('spool = "/file"\nmodel = "small"\nmax_attempts = 7\nslots = 9\n')
    env = {"RUNNER_MODEL": "turbo", "RUNNER_SLOTS": ""}
    words = ("--config", file, "--spool", "/before", "--set", "retry_seconds=5")
    after = ("config", "--json", "--spool", "/after", "--set", "retry-seconds=6")
    said = typed(*words, *after, env=env)
    seen = {key: (it["value"], it["source"]) for key, it in json.loads(said.out).items()}
    assert seen["spool"] == ("/after", "command line")
    assert seen["retry_seconds"] == (6.0, "command line")
    assert seen["model"] == ("turbo", "RUNNER_MODEL")
    assert seen["max_attempts"] == (7, str(file))
    assert seen["slots"] == (9, str(file))  # a variable set to nothing is not set
    by_name = configured(env={"RUNNER_CONFIG": file})
    assert by_name["max_attempts"] == {"value": 7, "source": str(file)}


def test_people_get_a_table(tmp_path: Path) -> None:
    """`config` must show name, value and source of a setting in one line."""
    out = typed("config", spool=tmp_path).out
    line = next(line for line in out.splitlines() if line.startswith("spool "))
    assert line.split() == ["spool", str(tmp_path), "RUNNER_SPOOL"]


def test_bad_settings_are_one_sentence(tmp_path: Path) -> None:
    """Exit 2, naming file or variable or option, the key, and what it must be."""
    file = tmp_path / "my.toml"
    file.write_text("max_attempts = 0\n")
    orders = {
        (
            "--config",
            file,
            "config",
        ): f"{file}: max_attempts: must be greater than or equal to 1 (got 0)",
        ("--config", tmp_path / "gone.toml", "config"): f"{tmp_path / 'gone.toml'}: cannot be read",
        ("config", "--set", "slotz=1"): "unknown setting 'slotz'; did you mean 'slots'?",
        ("config", "--set", "stall_seconds=x"): "--set stall_seconds: must be a valid number",
        ("run", "--slots", "0"): "--slots: must be",
        ("status", "--set", "slots"): "--set slots: must be KEY=VALUE",
        ("run", "--sloths", "1"): "--sloths",
        ("rum",): "rum",
    }
    for words, sentence in orders.items():
        said = typed(*words)
        assert said.code == 2, words
        assert sentence in said.sentence
    for name in ("RUNNER_SLOTS", "RUNNER_FORMATS", "RUNNER_MAX_ATTEMPTS"):
        said = typed("config", env={name: "nonsense"})
        assert said.code == 2
        assert said.sentence.startswith(f"{name}: must be ")
