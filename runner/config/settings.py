"""The settings: every knob, its unit in its name, its default.

Purpose: ``Settings``, a frozen value. Layers, lowest first: defaults, the TOML file, the
environment (``RUNNER_...``), the command line.
Guarantees: an unknown key or a bad value is refused with a sentence; nothing here acts.
Limits: "auto" values are resolved by the room that knows the machine, not here.
"""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Auto = Literal["auto"]
Format = Literal["json", "srt", "vtt", "txt", "tsv"]

JUNK_NAMES = (
    ".*", "*.part", "*.partial", "*.filepart", "*.tmp", "*.temp", "*.crdownload", "*.download",
    "~*", "*~", "._*", "*.swp", "*.!sync", "desktop.ini", "Thumbs.db",
    "*." + 10 * "[0-9]",  # nginx copies under such a name when its temporary folder is elsewhere
)  # fmt: skip
LEAST_MODE, MOST_MODE = 0o400, 0o777
JUNK_FOLDERS = (".*", "@eaDir", "#recycle", "lost+found", "__MACOSX", "$RECYCLE.BIN")


def _split(value: object) -> object:
    """Read ``a,b`` from the environment as a list; TOML already has lists."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _once(names: tuple[Format, ...]) -> tuple[Format, ...]:
    """Forget what is named again: a rendering is made once."""
    return tuple(dict.fromkeys(names))


def _octal(value: object) -> object:
    if isinstance(value, str):
        with suppress(ValueError):
            value = int(value, 8)
    if not isinstance(value, int) or not LEAST_MODE <= value <= MOST_MODE:
        raise ValueError('should be an octal mode from "0400" to "0777", such as "0660"')
    return value


def _path(value: object) -> object:
    if not value or not isinstance(value, str | Path):
        raise ValueError("should be a path")
    return value


Text = Annotated[str, Field(min_length=1)]
PathTo = Annotated[Path, BeforeValidator(_path)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Formats = Annotated[
    tuple[Format, ...],
    NoDecode, BeforeValidator(_split), Field(min_length=1), AfterValidator(_once),
]  # fmt: skip
Mode = Annotated[int, BeforeValidator(_octal)]
Seconds = Annotated[float, Field(ge=0, le=366 * 86400)]
Bytes = Annotated[int, Field(ge=0)]


class Settings(BaseSettings):
    """All settings of a runner. Durations are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(
        env_prefix="RUNNER_",
        # A variable set to nothing is one not set: containers' files can't say it otherwise.
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    # Where and who
    spool: PathTo = Path("spool")
    runner_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")] = "runner"

    # What transcribes
    engine: Text = "openai-whisper"
    model: Text = "auto"
    allowed_models: Names = ()
    model_dir: PathTo = Path("~/.cache/whisper-spool")
    device: Text = "auto"
    devices: Names = ()
    force_cpu: bool = Field(
        default=False, validation_alias=AliasChoices("FORCE_CPU", "RUNNER_FORCE_CPU", "force_cpu")
    )
    mps_fallback: bool = Field(
        default=True,
        validation_alias=AliasChoices(
            "PYTORCH_ENABLE_MPS_FALLBACK", "RUNNER_MPS_FALLBACK", "mps_fallback"
        ),
    )
    slots: Auto | Annotated[int, Field(ge=1, le=256)] = "auto"
    threads: Auto | Annotated[int, Field(ge=1, le=256)] = "auto"
    start_method: Literal["auto", "fork", "spawn"] = "auto"
    standby: Auto | Annotated[int, Field(ge=0, le=16)] = "auto"
    template_forks: Annotated[int, Field(ge=1)] = 500
    idle_seconds: Seconds = 300.0
    linux_calls: bool = True

    # What comes out
    formats: Formats = ("srt", "vtt", "txt", "json")
    outbox_name: str = "{stem}.{format}"
    on_existing: Literal["number", "replace", "skip"] = "number"
    output_mode: Mode = 0o660

    # When a dropped file is ready
    settle_seconds: Auto | Seconds = "auto"
    watch: Literal["auto", "events", "poll"] = "auto"
    poll_seconds: Annotated[float, Field(ge=0.05, le=3600)] = 1.0
    rescan_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 30.0
    junk_names: Names = JUNK_NAMES
    junk_folders: Names = JUNK_FOLDERS
    folder_depth: Annotated[int, Field(ge=0, le=64)] = 16
    max_upload_bytes: Bytes = 2 * 1024**3
    min_free_bytes: Bytes = 1024**3
    reserve_bytes: Bytes = 1024**2

    # How long and how much a job may
    job_timeout_seconds: Auto | Annotated[float, Field(gt=0, le=7 * 86400)] = "auto"
    stall_seconds: Annotated[float, Field(gt=0)] = 300.0
    kill_grace_seconds: Seconds = 5.0
    job_memory_bytes: Auto | Bytes = "auto"
    max_audio_seconds: Annotated[float, Field(gt=0)] = 12 * 3600.0
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    retry_seconds: Seconds = 10.0
    retry_max_seconds: Seconds = 600.0
    worker_env_keep: Names = ()
    worker_paths: Names = ()

    # Stopping
    drain_seconds: Seconds = 60.0
    once_wait_seconds: Seconds = 60.0

    # Being seen
    heartbeat_seconds: Annotated[float, Field(gt=0)] = 2.0
    stale_seconds: Annotated[float, Field(gt=0)] = 10.0
    log_format: Literal["human", "json"] = "human"

    # Keeping and forgetting
    keep_sources_seconds: Seconds = 7 * 86400.0
    keep_records_seconds: Seconds = 90 * 86400.0
    keep_refused_seconds: Seconds = 7 * 86400.0
    keep_refused_bytes: Bytes = 5 * 1024**3
    keep_staging_seconds: Seconds = 86400.0
