"""Option files: how they are read, laid over each other, and made effective."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config import Settings
from runner.job.errors import OptionsError
from runner.options import effective, merge, parse
from runner.options.parse import LARGEST

SETTINGS = Settings()


def test_later_layers_win_and_sources_are_told() -> None:
    """The highest layer must win key by key; empty files are no source."""
    merged = merge(
        [("a", {"language": "de", "best_of": 2}), ("b", {}), ("c", {"language": "auto"})], SETTINGS
    )
    assert merged.options == {"language": None, "best_of": 2}
    assert merged.sources == ("a", "c")
    assert merge([], SETTINGS).options == {}


@pytest.mark.parametrize("key", ["job_timeout_seconds", "max_audio_seconds", "max_attempts"])
def test_limits_only_lower(key: str) -> None:
    """A limit may be lowered by each layer and raised by none, whatever order values have."""
    settings = Settings(job_timeout_seconds=100, max_audio_seconds=100, max_attempts=100)
    assert merge([("a", {key: 100}), ("b", {key: 7})], settings).options == {key: 7}
    with pytest.raises(OptionsError, match=f"^a: {key}: 101 is above the limit of 100$"):
        merge([("a", {key: 101})], settings)
    with pytest.raises(OptionsError, match=f"^b: {key}: 8 is above the limit of 7$"):
        merge([("a", {key: 7}), ("b", {key: 8})], settings)


def test_effective_options_are_complete() -> None:
    """What a job leaves open must come from the settings."""
    settings = Settings(formats=("txt",), model="small", max_attempts=2, job_timeout_seconds=50)
    job = effective({}, settings)
    assert (job.formats, job.model, job.max_attempts) == (("txt",), "small", 2)
    assert (job.job_timeout_seconds, job.max_audio_seconds) == (50, settings.max_audio_seconds)
    job = effective({"formats": ["srt"], "model": "tiny", "job_timeout_seconds": 5.0}, settings)
    assert (job.formats, job.model, job.job_timeout_seconds) == (("srt",), "tiny", 5)
    assert effective({}, Settings()).job_timeout_seconds is None


def test_a_limit_that_the_operator_lowered_later_holds() -> None:
    """Options recorded under higher limits must be clamped, not fail."""
    assert effective({"max_attempts": 3}, Settings(max_attempts=1)).max_attempts == 1
    assert effective({"job_timeout_seconds": 99.0}, SETTINGS).job_timeout_seconds == 99


BAD = [
    ("x.toml", b"a = ", "x.toml: is not TOML"),
    ("x.toml", b"\xff\xfe", "x.toml: is not UTF-8 text"),
    ("x.json", b"[1]", "x.json: should be an object"),
    ("x.json", b'"a"', "x.json: should be an object"),
    ("x.json", b"", "x.json: is not JSON"),
    ("x.json", b'{"a": 1, "a": 2}', "x.json: is not JSON (key 'a' twice)"),
    ("x.json", b'{"a": NaN}', "x.json: is not JSON (NaN is no number)"),
    ("x.json", b"[" * 20000, "x.json: is nested too deep"),
    ("x.toml", b"a = " + b"[" * 20000, "x.toml: is nested too deep"),
    ("x.json", b'{"a": ' + b"9" * 20000 + b"}", "x.json: has a number with too many digits"),
    ("x.toml", b"a = " + b"9" * 20000, "x.toml: has a number with too many digits"),
    ("x.toml", b"#" * 30000, "x.toml: is larger than 24 KiB"),
    ("x.toml", b"a.b.c.d.e.f.g.h.i = 1", "x.toml: is not TOML (a key of more than 8 parts)"),
]


@pytest.mark.parametrize(("where", "data", "sentence"), BAD, ids=range(len(BAD)))
def test_files_that_do_not_parse_are_told(where: str, data: bytes, sentence: str) -> None:
    """Whatever is wrong with a file must be one sentence that names it."""
    with pytest.raises(OptionsError) as caught:
        parse(where, data)
    assert str(caught.value).startswith(sentence)
    assert len(str(caught.value)) < 300


DOTS = "a." * 20000
SLOW = {
    "dots": ("x.toml", ".".join(["a"] * 12000) + "=1\n="),
    "a table": ("x.toml", f"[{DOTS}"),
    "an inline table": ("x.toml", f"a = [{{b = 1, {DOTS}"),
    "quoted": ("x.toml", "\"a\" . 'b'." * 3000),
    "behind texts": ("x.toml", f'a = [{{b = \'"""\', c = "#\'\\"", {DOTS}'),
    "behind quotes": ("x.toml", f'a = [{{b = """x"""", {DOTS}'),
    "behind apostrophes": ("x.toml", f"a = [{{b = '''x'''', {DOTS}"),
    "behind a comment": ("x.toml", f'#"""\n{DOTS}'),
    "one long word": ("x.toml", "a" * 24000),
    "open texts": ("x.toml", '"""\\"' * 5000),
    "seven parts": ("x.toml", "a.b.c.d.e.f.g\n" * 2000),
    "blanks": ("x.toml", ("a" + " " * 300) * 80),
    "the last key twice": (
        "x.json",
        "{" + ",".join(map('"{}":1'.format, [*range(2400), 2399])) + "}",
    ),
}


@pytest.mark.parametrize("what", SLOW)
def test_no_file_costs_more_than_its_size(what: str) -> None:
    """Whatever 24 KiB hold, a sentence must come soon: the daemon reads it between its turns."""
    where, text = SLOW[what]
    began = time.process_time()
    with pytest.raises(OptionsError):
        parse(where, text.encode()[:LARGEST])
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("what", [what for what in SLOW if what.startswith("behind")])
def test_no_text_hides_a_deep_key(what: str) -> None:
    """Texts and comments must end where TOML ends them, or dots hide behind them."""
    where, text = SLOW[what]
    with pytest.raises(OptionsError, match="a key of more than 8 parts"):
        parse(where, text.encode()[:LARGEST])


@pytest.mark.parametrize("quotes", ['"', '"""', "'", "'''"])
def test_dots_in_texts_are_no_keys(quotes: str) -> None:
    """A prompt, or a comment, may have any dots."""
    prompt = "z.B. a.b.c.d.e.f.g.h.i.j.k " * 140
    text = f"initial_prompt = {quotes}{prompt}{quotes} # a.b.c.d.e.f.g.h.i.j"
    assert parse("x.toml", text.encode()) == {"initial_prompt": prompt}


def test_the_longest_options_fit() -> None:
    """A prompt of 4,000 characters, written out or escaped, and a long list must fit."""
    prompt = "말" * 4000
    clips = ", ".join(f"{n}.25" for n in range(500))
    plain = f'initial_prompt = "{prompt}"\nclip_timestamps = [{clips}]'.encode()
    escaped = json.dumps({"initial_prompt": prompt}).encode()
    for where, data in (("x.toml", plain), ("x.json", escaped)):
        assert merge([(where, parse(where, data))], SETTINGS).options["initial_prompt"] == prompt


def test_both_notations_are_read() -> None:
    """TOML and JSON must give the same keys, with a byte order mark too."""
    assert parse("x.toml", b"\xef\xbb\xbfbeam_size = 2") == {"beam_size": 2}
    assert parse("x.json", b'\xef\xbb\xbf{"beam_size": 2}') == {"beam_size": 2}


@given(st.sampled_from(["x.toml", "x.json"]), st.binary(max_size=200) | st.text().map(str.encode))
def test_any_bytes_parse_or_give_a_sentence(where: str, data: bytes) -> None:
    """No file content may raise anything but ``OptionsError``."""
    try:
        assert isinstance(parse(where, data), dict)
    except OptionsError as error:
        assert str(error).startswith(where)  # noqa: PT017 - both ends are right
