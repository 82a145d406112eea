"""The options of a job: openai-whisper's own names, and a few of ours.

Purpose: ``JobOptions``, a frozen value; ``contradiction`` for rules that span keys.
Guarantees: names and defaults are those of the ``whisper`` command (a test compares them);
values that would make it stop, or run for ever, are refused here.
Limits: a TOML file can't say None, so ``"none"`` stands for it, and ``"auto"`` for a language.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from runner.options.languages import code_of

FORMATS = ("srt", "vtt", "txt", "tsv", "json")
LATEST = 1e7
"""Seconds; a clip that begins later is a slip of the pen."""
LAST_TOKEN = 51866
"""The vocabulary of the largest model; an id past it poisons an accelerator."""

NEVER = frozenset(
    {
        "engine", "device", "devices", "threads", "slots", "model_dir", "output_dir", "spool",
        "outbox_name", "output_mode", "on_existing", "worker_paths", "worker_env_keep",
    }
)  # fmt: skip
"""Keys that are the operator's alone."""


def _nothing(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _language(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.strip().lower() in {"auto", "none"}:
        return None
    code = code_of(value)
    if code is None:
        raise ValueError(f"{value!r} is no language that whisper knows")
    return code


def _formats(value: object) -> object:
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError("should be a list of formats")
    chosen = tuple(dict.fromkeys(FORMATS if words in (["all"], ("all",)) else words))
    if not chosen:
        raise ValueError("should name at least one format")
    return chosen


def _numbers(value: object) -> object:
    """Read a list as whisper's comma-separated text."""
    if not isinstance(value, list | tuple):
        return value
    return ",".join("true" if isinstance(item, bool) else str(item) for item in value)


def _tokens(value: str) -> str:
    for word in filter(None, (part.strip() for part in value.split(","))):
        if not word.removeprefix("-").isdecimal() or not -1 <= int(word) < LAST_TOKEN:
            raise ValueError(f"{word!r} is no token number")
    return value


def _clips(value: str) -> str:
    try:
        instants = [float(part) for part in value.split(",")] if value else []
    except ValueError:
        raise ValueError("should be seconds, start,end,start,end,...") from None
    rising = all(a <= b for a, b in pairwise(instants))
    if not rising or any(not 0 <= second < LATEST for second in instants):
        raise ValueError("should be rising seconds, start,end,start,end,...")
    return value


Short = Annotated[str, Field(max_length=4000)]
Positive = Annotated[int, Field(ge=1, le=1000)]
Width = Annotated[Positive | None, BeforeValidator(_nothing)]
Beams = Annotated[Annotated[int, Field(ge=1, le=32)] | None, BeforeValidator(_nothing)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Threshold = Annotated[float | None, BeforeValidator(_nothing)]
Step = Annotated[float, Field(ge=0.01, le=1)]
Patience = Annotated[float, Field(gt=0, le=10)]
Seconds = Annotated[float, Field(gt=0)]


class JobOptions(BaseModel):
    """What one job asks for. Numbers are as openai-whisper means them; ours carry units."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    # Decoding, as the whisper command has it
    task: Literal["transcribe", "translate"] = "transcribe"
    language: Annotated[str | None, BeforeValidator(_language)] = None
    temperature: Fraction = 0.0
    temperature_increment_on_fallback: Annotated[Step | None, BeforeValidator(_nothing)] = 0.2
    best_of: Beams = 5
    beam_size: Beams = 5
    patience: Annotated[Patience | None, BeforeValidator(_nothing)] = None
    length_penalty: Annotated[Fraction | None, BeforeValidator(_nothing)] = None
    suppress_tokens: Annotated[Short, BeforeValidator(_numbers), AfterValidator(_tokens)] = "-1"
    initial_prompt: Short | None = None
    carry_initial_prompt: bool = False
    condition_on_previous_text: bool = True
    fp16: bool = True
    compression_ratio_threshold: Threshold = 2.4
    logprob_threshold: Threshold = -1.0
    no_speech_threshold: Threshold = 0.6
    word_timestamps: bool = False
    prepend_punctuations: Short = "\"'“¿([{-"
    append_punctuations: Short = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - whisper's own
    clip_timestamps: Annotated[Short, BeforeValidator(_numbers), AfterValidator(_clips)] = "0"
    hallucination_silence_threshold: Annotated[
        Annotated[float, Field(ge=0)] | None, BeforeValidator(_nothing)
    ] = None

    # Its writers
    highlight_words: bool = False
    max_line_width: Width = None
    max_line_count: Width = None
    max_words_per_line: Width = None

    # Ours. Empty or None: what the settings say
    formats: Annotated[
        tuple[Literal["json", "srt", "vtt", "txt", "tsv"], ...], BeforeValidator(_formats)
    ] = ()
    model: Short | None = None
    audio_track: Annotated[int, Field(ge=0, le=255)] | None = None
    """Which audio track; 0 is the first. None is the first too."""
    job_timeout_seconds: Seconds | None = None
    max_audio_seconds: Seconds | None = None
    max_attempts: Annotated[int, Field(ge=1)] | None = None


WORD_OPTIONS = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")


def contradiction(options: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (key, sentence) of the first rule between keys that full ``options`` break."""
    if not options["word_timestamps"]:
        for key in WORD_OPTIONS:
            if options[key]:
                return key, "needs word_timestamps = true"
    patience, beams = options["patience"], options["beam_size"]
    if patience is not None and beams is None:
        return "patience", "needs a beam_size"
    if patience is not None and round(beams * patience) < 1:
        return "patience", f"is too small for beam_size {beams}"
    return None
