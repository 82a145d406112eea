"""Names in the outbox: literal, whole, short enough, never elsewhere."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.spool import notice_name, outbox_names, stem_of
from runner.spool.names import NAME_MAX, cut

ANY_NAME = st.binary(min_size=1, max_size=300).map(
    lambda raw: os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_"))
)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("talk.mp3", "talk"), ("talk", "talk"), ("a.b.m4a", "a.b"),
        ("Meeting 12.30", "Meeting 12.30"),
        (".mp3", ".mp3"), ("clip.3gp", "clip"), ("J. R. Smith", "J. R. Smith"), ("v1.2", "v1.2"),
    ],
)  # fmt: skip
def test_a_stem_loses_a_suffix_and_nothing_else(name: str, stem: str) -> None:
    """What is no suffix of a file stays in the name."""
    assert stem_of(name) == stem


def test_fields_are_replaced_literally_and_once() -> None:
    """A recording may be called like a field of the template."""
    names = outbox_names("{stem}.{format}", ["srt"], name="{format} %s {stem}.mp3")
    assert names == {"srt": "{format} %s {stem}.srt"}


def test_unknown_fields_are_text() -> None:
    """Braces that mean nothing to us stay."""
    assert outbox_names("{x}{stem}.{format}", ["srt"], name="a.mp3") == {"srt": "{x}a.srt"}


def test_numbers_go_to_the_stem() -> None:
    """The second of a name is ``talk-2`` in every format."""
    names = outbox_names("{stem}.{language}.{format}", ["srt", "vtt"], name="talk.mp3",
                         language="en", number=2)  # fmt: skip
    assert names == {"srt": "talk-2.en.srt", "vtt": "talk-2.en.vtt"}


def test_a_template_without_stem_or_format_still_tells_them_apart() -> None:
    """Formats and numbers must never fall together."""
    one = outbox_names("fixed", ["srt", "vtt"], name="talk.mp3")
    two = outbox_names("fixed", ["srt", "vtt"], name="talk.mp3", number=2)
    assert len({*one.values(), *two.values()}) == 4


def test_a_template_can_not_leave_its_folder() -> None:
    """Slashes are no separators here."""
    names = outbox_names("../{stem}/{language}.{format}", ["srt"], name="a", language="../../etc")
    assert "/" not in names["srt"]


def test_a_cut_name_is_marked_and_whole_characters() -> None:
    """A name that was cut says so, and no character is torn."""
    names = outbox_names("{stem}.{format}", ["json", "srt"], name="é" * 150 + ".wav")
    stems = {name.rpartition(".")[0] for name in names.values()}
    assert len(stems) == 1
    assert stems.pop() == "é" * 124 + "~"


def test_a_cut_never_splits_what_is_seen_as_one() -> None:
    """Combining marks, variation selectors and joined emoji stay with what they belong to."""
    assert cut("ae\u0301", 3) == "a~"
    assert cut("a\U0001f468\u200d\U0001f469\u200d\U0001f467", 12) == "a~"
    assert cut("a❤\ufe0f", 5) == "a~"


@given(ANY_NAME, st.integers(1, 10_000))
def test_every_name_fits_and_stays_in_its_folder(name: str, number: int) -> None:
    """Whatever people call a recording, the result's name is one short path element."""
    made = outbox_names("{stem}.{language}.{format}", ["json", "tsv"], name=name, number=number,
                        language="en")  # fmt: skip
    for result in (*made.values(), notice_name(name, number)):
        assert 0 < len(os.fsencode(result)) <= NAME_MAX
        assert "/" not in result
        assert "\0" not in result
        assert result not in {".", ".."}
    assert len(set(made.values())) == 2


def test_an_endless_template_gives_way() -> None:
    """A template that leaves no room for the stem is not used."""
    names = outbox_names("x" * 300 + "{stem}.{format}", ["srt"], name="talk.mp3")
    assert names == {"srt": "talk.srt"}
