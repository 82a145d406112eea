"""The demo model on its committed held-out clips, through whisper with the command's defaults.

The package's checkpoint, whisper's own load_model and transcribe, nothing of the runner: what
fails here is the model, not the machinery around it.
"""

import math
from pathlib import Path
from statistics import median

import pytest
import whisper

from tests.demo_model import demo_clips
from tests.demo_model.evaluate import Outcome, error_rate, load, manifest, transcribe

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "runner" / "demo" / "model.pt"
DEMO = ROOT / "runner" / "demo" / "clips"
CLIPS = Path(__file__).parent / "heldout"
START_LIMIT = 0.3  # seconds


@pytest.fixture(scope="module")
def model() -> whisper.Whisper:
    """The checkpoint, loaded once."""
    return load(MODEL)


@pytest.fixture(scope="module")
def outcomes(model: whisper.Whisper) -> list[Outcome]:
    """Every held-out clip, transcribed once."""
    return [transcribe(model, CLIPS, clip) for clip in manifest(CLIPS)]


def spoken(outcomes: list[Outcome]) -> list[Outcome]:
    """Those in which something is said."""
    return [o for o in outcomes if o.wanted]


def test_words(outcomes: list[Outcome]) -> None:
    """At most 5 of 100 words are wrong, over all clips and in each language by itself."""
    for languages in (["en", "ko"], ["en"], ["ko"]):
        chosen = [o for o in spoken(outcomes) if o.clip["lang"] in languages]
        assert error_rate(chosen) <= 0.05, [o.text for o in chosen if o.errors]


def test_segment_starts(outcomes: list[Outcome]) -> None:
    """Segments start within 0.3 s of the speech: the median, and every one with exact words."""
    late = [abs(e) for o in spoken(outcomes) for e in o.start_errors]
    said = sum(len(o.clip["segments"]) for o in outcomes)
    assert len(late) >= math.ceil(0.85 * said)
    assert median(late) <= START_LIMIT
    wrong = {o.clip["name"]: o.start_errors for o in outcomes if o.start_errors}
    assert max(late) <= START_LIMIT, wrong


def test_nothing_said(outcomes: list[Outcome]) -> None:
    """Silence and noise, quiet and loud, give no text and no segment."""
    nothing = [o for o in outcomes if not o.wanted]
    assert {o.clip["name"] for o in nothing} >= {"silence_40s", "noise_quiet", "noise_loud"}
    assert [(o.clip["name"], o.text) for o in nothing if o.text.strip() or o.segments] == []


def test_language(outcomes: list[Outcome]) -> None:
    """The language of every clip with speech is detected."""
    wrong = [o.clip["name"] for o in spoken(outcomes) if o.language != o.clip["lang"]]
    assert wrong == []


def test_long_clip_is_whole(outcomes: list[Outcome]) -> None:
    """A clip of more than one window comes out to its last sentence, with the times of the clip."""
    long = [o for o in outcomes if o.clip["name"].startswith("en_long")]
    assert long
    for outcome in long:
        assert outcome.clip["duration"] > 45
        assert error_rate([outcome]) <= 0.05
        last = outcome.clip["segments"][-1]
        assert outcome.text.split()[-1] == last["text"].split()[-1]
        assert abs(outcome.segments[-1]["end"] - last["end"]) <= START_LIMIT


@pytest.mark.parametrize(("name", "said"), demo_clips.scripts().items())
def test_demo_clips(model: whisper.Whisper, name: str, said: list[str]) -> None:
    """The recordings of `make demo` come out exactly as spoken, whatever their container."""
    clip = {"name": name, "file": name, "segments": []}
    outcome = transcribe(model, DEMO, clip)
    assert [s["text"].strip() for s in outcome.segments] == said
    assert outcome.language == ("ko" if name.startswith("korean") else "en")
