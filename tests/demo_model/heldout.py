"""Make held-out clips: `python -m tests.demo_model.heldout --out DIR [--large] [--seed N]`.

Purpose: recordings that training never used, with what is said in them and when.

Guarantees
- Every sentence of two or more words is one that training skips (vocabulary.is_held_out), every
  voice speaks at a rate that training skips (speech.HELD_OUT_RATES); the group `*_unseen` also
  has voice variants that training skips.
- Same seed, same clips.  manifest.json lists, for each: name, file, group, lang, duration in
  seconds and segments with start, end, text.

Limits: at most 0.9 s of silence before the first sentence and between sentences: whisper itself
forces the first time of a window to 1.00 s or less (max_initial_timestamp), whatever the model.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import noise
from . import vocabulary as v
from .recordings import write
from .speech import (
    HELD_OUT_RATES,
    RATE,
    TRAINING_VARIANTS,
    UNSEEN_VARIANTS,
    Sound,
    random_voice,
    random_words,
    speak,
)


@dataclass(frozen=True)
class Segment:
    """One sentence: seconds and text."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Group:
    """Some clips of one kind."""

    name: str
    lang: str
    clips: int
    sentences: tuple[int, int]  # fewest and most
    suffix: str = ".flac"
    variants: Sequence[str] = TRAINING_VARIANTS


SMALL = [
    Group("en_short", "en", 14, (1, 2)),
    Group("ko_short", "ko", 7, (1, 2)),
    Group("en_window", "en", 1, (9, 10), ".ogg"),
    Group("ko_window", "ko", 1, (7, 8), ".ogg"),
    Group("en_long", "en", 1, (24, 24), ".ogg"),
]
LARGE = [
    Group("en_short", "en", 40, (1, 3)),
    Group("ko_short", "ko", 30, (1, 3)),
    Group("en_window", "en", 16, (4, 11)),
    Group("ko_window", "ko", 12, (4, 11)),
    Group("en_long", "en", 5, (18, 45)),
    Group("ko_long", "ko", 4, (18, 45)),
    Group("en_unseen", "en", 12, (1, 8), variants=UNSEEN_VARIANTS),
    Group("ko_unseen", "ko", 8, (1, 8), variants=UNSEEN_VARIANTS),
]
# name, seconds, RMS level (full scale is 1), colour, suffix
NOTHING = [
    ("silence_3s", 3, 0.0, noise.WHITE, ".flac"),
    ("silence_40s", 40, 0.0, noise.WHITE, ".flac"),
    ("noise_quiet", 8, 0.002, noise.WHITE, ".ogg"),
    ("noise_loud", 8, 0.15, noise.WHITE, ".ogg"),
]
MORE_NOTHING = [
    ("silence_75s", 75, 0.0, noise.WHITE, ".flac"),
    ("noise_tiny", 5, 0.0001, noise.WHITE, ".flac"),
    ("noise_middle", 35, 0.02, noise.WHITE, ".flac"),
    ("noise_pink_quiet", 12, 0.005, noise.PINK, ".flac"),
    ("noise_pink_loud", 12, 0.1, noise.PINK, ".flac"),
    ("noise_dull", 20, 0.05, noise.DULL, ".flac"),
]


def held_out_words(rng: np.random.Generator, lang: str) -> list[str]:
    """A sentence of 1 to 6 words that training skips; a single word is all words may be."""
    count = int(rng.integers(1, v.MAX_WORDS + 1))
    while True:
        words = random_words(rng, v.WORDS[lang], count)
        if count == 1 or v.is_held_out(words):
            return words


def speech_clip(rng: np.random.Generator, group: Group) -> tuple[Sound, list[Segment]]:
    """One clip: a voice, some sentences, pauses, and in two of three some noise."""
    voice = random_voice(rng, group.lang, HELD_OUT_RATES, group.variants)
    at = rng.uniform(0.05, 0.8)
    placed, segments = [], []
    for _ in range(int(rng.integers(group.sentences[0], group.sentences[1] + 1))):
        audio, words = speak(held_out_words(rng, group.lang), voice)
        placed.append((int(at * RATE), audio))
        end = at + words[-1].end
        segments.append(Segment(round(at, 3), round(end, 3), " ".join(w.text for w in words)))
        at = end + rng.uniform(0.4, 0.9)
    x = np.zeros(int(at * RATE), np.float32)
    for first, audio in placed:
        x[first : first + len(audio)] += audio
    x += noise.hiss(rng, len(x), float(rng.choice([0.0, 0.002, 0.006])), noise.WHITE)
    return x * rng.uniform(0.25, 0.8), segments


class Clips:
    """The folder that is being filled, and its manifest."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.manifest: list[dict[str, Any]] = []
        out.mkdir(parents=True, exist_ok=True)

    def add(self, file: str, group: str, lang: str, sound: Sound, said: list[Segment]) -> None:
        """Store one clip."""
        write(self.out / file, sound)
        self.manifest.append(
            {
                "name": Path(file).stem,
                "file": file,
                "group": group,
                "lang": lang,
                "duration": round(len(sound) / RATE, 3),
                "segments": [asdict(s) for s in said],
            }
        )

    def finish(self) -> None:
        """Write the manifest last, whole."""
        text = json.dumps(self.manifest, ensure_ascii=False, indent=1) + "\n"
        unfinished = self.out / ".manifest.json.tmp"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(self.out / "manifest.json")


def make(out: Path, *, large: bool, seed: int) -> list[dict[str, Any]]:
    """Fill a folder; returns the manifest."""
    rng = np.random.default_rng([seed, 90210])
    clips = Clips(out)
    for group in LARGE if large else SMALL:
        for number in range(group.clips):
            samples, segments = speech_clip(rng, group)
            file = f"{group.name}_{number:02}{group.suffix}"
            clips.add(file, group.name, group.lang, samples, segments)
    for name, seconds, level, colour, suffix in NOTHING + (MORE_NOTHING if large else []):
        samples = noise.hiss(rng, seconds * RATE, level, colour)
        clips.add(name + suffix, "nothing", "en", samples, [])
    clips.finish()
    return clips.manifest


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--large", action="store_true", help="the set behind README's figures")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    manifest = make(arguments.out, large=arguments.large, seed=arguments.seed)
    seconds = sum(clip["duration"] for clip in manifest)
    print(f"{len(manifest)} clips, {seconds:.0f} s")


if __name__ == "__main__":
    main()
