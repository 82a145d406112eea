"""Option files: how they are read, laid over each other, and made effective."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config import Settings
from runner.job.errors import OptionsError
from runner.options import effective, merge, parse

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
    ("x.json", b"[" * 60000, "x.json: is nested too deep"),
    ("x.toml", b"a = " + b"[" * 60000, "x.toml: is nested too deep"),
    ("x.json", b'{"a": ' + b"9" * 60000 + b"}", "x.json: is not JSON"),
]


@pytest.mark.parametrize(("where", "data", "sentence"), BAD, ids=range(len(BAD)))
def test_files_that_do_not_parse_are_told(where: str, data: bytes, sentence: str) -> None:
    """Whatever is wrong with a file must be one sentence that names it."""
    with pytest.raises(OptionsError) as caught:
        parse(where, data)
    assert str(caught.value).startswith(sentence)
    assert len(str(caught.value)) < 300


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
