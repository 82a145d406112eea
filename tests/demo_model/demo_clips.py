"""Make the recordings of `make demo`: `python -m tests.demo_model.demo_clips --out DIR`.

Purpose: a few small recordings in the containers that people drop, with words the model knows.

Guarantees: same bytes on every run; `scripts()` says what is said in each, so a test can compare.

Limits: voices and rates are fixed here; they are not part of the held-out measurement.
"""

import argparse
from pathlib import Path

import numpy as np

from .recordings import write
from .speech import RATE, Sound, Voice, speak

_CAROL = Voice("en", "gmw/en-US+f2", rate=175, pitch=55, spread=50, gap=0)
_GRANT = Voice("en", "gmw/en", rate=135, pitch=40, spread=50, gap=1)
_AVERY = Voice("en", "gmw/en-US", rate=175, pitch=50, spread=50, gap=0)
_JISOO = Voice("ko", "ko", rate=138, pitch=50, spread=50, gap=1)
_LEAD, _PAUSE = 0.3, 0.6

_CLIPS: dict[str, tuple[Voice, str]] = {
    "hello.wav": (_AVERY, "hello / one two three four / thanks"),
    "korean.m4a": (_JISOO, "안녕하세요 / 하나 둘 셋 넷 / 월요일 화요일 / 감사합니다"),
    "colours.ogg": (_CAROL, "red green blue / left black / right green / yes no"),
    "week.mp3": (
        _GRANT,
        (
            "hello / Monday one two three / yes / Tuesday four five six / no thanks / "
            "Wednesday seven eight nine / left right / Thursday zero one zero / red purple / "
            "Friday two four six eight / blue green / Saturday nine seven five / right left / "
            "Sunday ten nine eight / black / Monday three two one / yes thanks / "
            "Tuesday six five four / hello / Wednesday zero one two / no / Thursday black blue"
        ),
    ),
}


def scripts() -> dict[str, list[str]]:
    """The sentences of each clip, by file name."""
    known = {name: [s.split() for s in text.split("/")] for name, (_, text) in _CLIPS.items()}
    return {name: [" ".join(words) for words in said] for name, said in known.items()}


def samples(name: str) -> Sound:
    """The sound of one clip."""
    pieces = [np.zeros(int(_LEAD * RATE), np.float32)]
    for sentence in scripts()[name]:
        pieces.append(0.6 * speak(sentence.split(), _CLIPS[name][0])[0])
        pieces.append(np.zeros(int(_PAUSE * RATE), np.float32))
    return np.concatenate(pieces)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in _CLIPS:
        sound = samples(name)
        write(arguments.out / name, sound)
        print(f"{name}: {len(sound) / RATE:.1f} s")


if __name__ == "__main__":
    main()
