"""Each option of a job: its name, its default, what it takes and what it refuses."""

import ast
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config import Settings
from runner.job.errors import OptionsError
from runner.options import JobOptions, effective, merge
from runner.options.languages import ALIASES, LANGUAGES, code_of
from runner.options.model import NEVER

SETTINGS = Settings(model="small", allowed_models=("tiny",))
OURS = {
    "formats",
    "model",
    "audio_track",
    "job_timeout_seconds",
    "max_audio_seconds",
    "max_attempts",
}
NOT_FOR_FILES = {
    "audio",
    "model",
    "model_dir",
    "device",
    "output_dir",
    "output_format",
    "verbose",
    "threads",
}


def source_of(module: str) -> ast.Module:
    """Return whisper's own source, read and not imported: torch takes seconds."""
    spec = find_spec("whisper")
    assert spec
    assert spec.origin
    return ast.parse(Path(spec.origin).with_name(f"{module}.py").read_text())


def commands_defaults() -> dict[str, Any]:
    """Read the whisper command's options and defaults from its source, without running it."""
    found = {}
    for call in ast.walk(source_of("transcribe")):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "parser.add_argument":
            name = ast.literal_eval(call.args[0]).lstrip("-")
            default = next(
                (k.value for k in call.keywords if k.arg == "default"), ast.Constant(None)
            )
            if name not in NOT_FOR_FILES:
                found[name] = ast.literal_eval(default)
    return found


def said(key: str, value: Any) -> str:
    """Return what is said of a bad value."""
    with pytest.raises(OptionsError) as caught:
        merge([("talk.mp3.toml", {key: value})], SETTINGS)
    return str(caught.value)


def test_names_and_defaults_are_the_commands() -> None:
    """Every option of the whisper command, with its default, and no others but ours."""
    theirs = commands_defaults()
    ours = {name: value for name, value in JobOptions().model_dump().items() if name not in OURS}
    assert len(theirs) > 20
    assert ours == theirs


def test_the_languages_are_whispers() -> None:
    """The shipped tables must equal the tokenizer's."""
    tables = {
        ast.unparse(node.targets[0]): node.value
        for node in source_of("tokenizer").body
        if isinstance(node, ast.Assign)
    }
    names = tables["TO_LANGUAGE_CODE"]
    assert isinstance(names, ast.Dict)
    more = [(k, v) for k, v in zip(names.keys, names.values, strict=True) if k]
    assert ast.literal_eval(tables["LANGUAGES"]) == LANGUAGES
    assert {ast.literal_eval(k): ast.literal_eval(v) for k, v in more} == ALIASES
    assert (code_of("German"), code_of("DE"), code_of("Klingon")) == ("de", "de", None)


TAKEN: list[tuple[str, Any, Any]] = [
    ("task", "translate", "translate"),
    ("language", "de", "de"), ("language", "Korean", "ko"), ("language", "auto", None),
    ("temperature", 0, 0.0), ("temperature", 1.0, 1.0),
    ("temperature_increment_on_fallback", "None", None),
    ("temperature_increment_on_fallback", 0.5, 0.5),
    ("best_of", 1, 1), ("best_of", None, None), ("beam_size", "none", None), ("beam_size", 1, 1),
    ("patience", 1.5, 1.5), ("length_penalty", 0.5, 0.5),
    ("suppress_tokens", "-1,5", "-1,5"), ("suppress_tokens", [-1, 5], "-1,5"),
    ("suppress_tokens", "", ""),
    ("initial_prompt", "Hello, None", "Hello, None"), ("carry_initial_prompt", True, True),
    ("condition_on_previous_text", False, False), ("fp16", False, False),
    ("compression_ratio_threshold", "none", None), ("logprob_threshold", -2, -2.0),
    ("no_speech_threshold", 0.1, 0.1), ("word_timestamps", True, True),
    ("prepend_punctuations", "(", "("), ("append_punctuations", "", ""),
    ("clip_timestamps", "0,1.5,3", "0,1.5,3"), ("clip_timestamps", [2, 3.5], "2,3.5"),
    ("clip_timestamps", "", ""), ("hallucination_silence_threshold", 2, 2.0),
    ("formats", "srt, json", ["srt", "json"]), ("formats", ["txt", "txt"], ["txt"]),
    ("formats", "all", ["srt", "vtt", "txt", "tsv", "json"]),
    ("model", "small", "small"), ("model", "tiny", "tiny"), ("audio_track", 1, 1),
    ("job_timeout_seconds", 60, 60.0), ("max_audio_seconds", 10, 10.0), ("max_attempts", 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "kept"), TAKEN, ids=str)
def test_each_key_takes_what_it_should(key: str, value: Any, kept: Any) -> None:
    """A good value must be kept, in a form that JSON can hold, and nothing be added."""
    options = merge([("_options.toml", {key: value})], SETTINGS).options
    assert options == {key: kept}
    assert json.loads(json.dumps(options)) == options
    assert effective(options, SETTINGS).formats


WORDS = {"word_timestamps": True}


@pytest.mark.parametrize(
    ("key", "value"),
    [("highlight_words", True), ("max_line_width", 42), ("max_line_count", 2),
     ("max_words_per_line", 3)],
)  # fmt: skip
def test_word_options_need_word_timestamps(key: str, value: Any) -> None:
    """What the command refuses without word timestamps must be refused here, naming the key."""
    assert said(key, value) == f"talk.mp3.toml: {key} needs word_timestamps = true"
    options = merge([("a", WORDS), ("b", {key: value})], SETTINGS).options
    assert options == WORDS | {key: value}


REFUSED: list[tuple[str, Any]] = [
    ("task", "summarise"), ("task", 1), ("language", "klingon"), ("language", 7), ("language", ""),
    ("temperature", -0.1), ("temperature", 1.1), ("temperature", "0"), ("temperature", [0, 1]),
    ("temperature_increment_on_fallback", 0), ("temperature_increment_on_fallback", 2),
    ("best_of", 0), ("best_of", 33), ("beam_size", 0), ("beam_size", 1000), ("beam_size", 2.5),
    ("beam_size", True), ("beam_size", "5"), ("patience", 0), ("patience", -1),
    ("length_penalty", 2), ("suppress_tokens", "a"), ("suppress_tokens", "60000"),
    ("suppress_tokens", [True]), ("suppress_tokens", "x" * 5000), ("suppress_tokens", {}),
    ("initial_prompt", 3), ("initial_prompt", "x" * 4001), ("carry_initial_prompt", "yes"),
    ("condition_on_previous_text", 1), ("fp16", "True"), ("compression_ratio_threshold", "high"),
    ("logprob_threshold", float("nan")), ("no_speech_threshold", float("inf")),
    ("word_timestamps", "true"), ("prepend_punctuations", ["("]), ("append_punctuations", None),
    ("clip_timestamps", "5,1"), ("clip_timestamps", "-1"), ("clip_timestamps", "a"),
    ("clip_timestamps", "nan"), ("clip_timestamps", 5), ("hallucination_silence_threshold", -1),
    ("max_line_width", 0), ("max_line_count", "2"), ("max_words_per_line", -1),
    ("highlight_words", None), ("formats", []), ("formats", "mp4"), ("formats", "srt,,xml"),
    ("formats", {"srt": 1}), ("formats", [["srt"]]), ("formats", 3), ("model", "large"),
    ("model", "/etc/passwd"), ("model", ""), ("model", 1), ("audio_track", -1),
    ("audio_track", "0"),
    ("job_timeout_seconds", 0), ("job_timeout_seconds", 86401), ("max_audio_seconds", 43201),
    ("max_audio_seconds", -5), ("max_attempts", 0), ("max_attempts", 4), ("max_attempts", 1.5),
    ("max_attempts", 16**5000), ("model", 16**5000), ("formats", [16**5000]),
    ("formats", [[{"a": 16**5000}]]), ("clip_timestamps", [16**5000]), ("task", -(16**5000)),
    ("language", "x" * 20000), ("language", "a\nb\ud800"),
    ("beam_size", 10**400), ("temperature", 10**400), ("max_audio_seconds", 10**400),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), REFUSED, ids=range(len(REFUSED)))
def test_each_bad_value_is_refused_by_name(key: str, value: Any) -> None:
    """The sentence must name file and key, in one line of bounded length."""
    sentence = said(key, value)
    assert sentence.startswith(f"talk.mp3.toml: {key}")
    assert "\n" not in sentence
    assert len(sentence) < 400


@pytest.mark.parametrize("key", sorted(NEVER))
def test_the_operators_keys_are_refused(key: str) -> None:
    """Engine, device, threads, paths must never be set by a file, and the sentence says why."""
    assert said(key, "x").endswith(f"{key} is for the operator to set, not for a file in the inbox")


def test_unknown_keys_get_a_suggestion() -> None:
    """A slip of the pen must be told with what was probably meant."""
    assert said("beamsize", 5) == "talk.mp3.toml: unknown option 'beamsize'; is beam_size meant?"
    assert said("x\x1b", 5).endswith(r"unknown option 'x\\x1b'")
    assert said("output_format", "srt").endswith("output_format is called formats here")


def test_patience_needs_beams() -> None:
    """What whisper's decoder would stop at must be refused before."""
    assert "needs a beam_size" in said_of({"patience": 1.0, "beam_size": None})
    assert "is too small for beam_size 1" in said_of({"patience": 0.3, "beam_size": 1})


def said_of(keys: dict[str, Any]) -> str:
    """Return what is said of several keys together."""
    with pytest.raises(OptionsError) as caught:
        merge([("x.toml", keys)], SETTINGS)
    return str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(sorted(JobOptions.model_fields)) | st.text(max_size=8), JSON, max_size=4
    )
)
def test_any_keys_give_options_or_a_sentence(keys: dict[str, Any]) -> None:
    """No input may raise anything else; what is let through must survive JSON and be effective."""
    try:
        options = merge([("x.json", keys)], SETTINGS).options
    except OptionsError as error:
        assert str(error).startswith("x.json: ")  # noqa: PT017 - both ends are right
        return
    assert effective(json.loads(json.dumps(options)), SETTINGS).formats


def test_this_test_knows_every_key() -> None:
    """Each key must have a value that is taken and one that is refused above."""
    words = {"highlight_words", "max_line_width", "max_line_count", "max_words_per_line"}
    assert {key for key, *_ in TAKEN} | words == set(JobOptions.model_fields)
    assert {key for key, _ in REFUSED} == set(JobOptions.model_fields)
