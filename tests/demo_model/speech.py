"""espeak-ng in this process, with the time of every word.

Purpose: speech for training (a sentence in a millisecond or two, no files) and for the held-out
clips.

Guarantees
- `speak` returns 16 kHz float32 audio, trimmed to the sound, peak 1.0, and for each word its
  start and end in seconds; words follow each other without overlap.
- The same words and the same `Voice` give the same samples.
- `TRAINING_RATES` and `HELD_OUT_RATES` (words a minute) have no member in common; 175, the
  default of the espeak-ng command, is held out.

Limits: needs libespeak-ng.so.1.  espeak-ng reports no word events for some Korean sentences; the
word times are then shares in proportion to how long each word lasts when spoken alone.
"""

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .vocabulary import WORDS

Sound = npt.NDArray[np.float32]
RATE = 16000
TRAINING_RATES = [r for r in range(115, 216) if r // 10 not in (13, 17)]
HELD_OUT_RATES = [*range(130, 140), *range(170, 180)]
_BASES = {
    "en": ["gmw/en-US", "gmw/en-US", "gmw/en", "gmw/en", "gmw/en-GB-scotland", "gmw/en-029"],
    "ko": ["ko"],
}
TRAINING_VARIANTS = (
    "",
    "",
    "",
    "+m1",
    "+m2",
    "+m3",
    "+m4",
    "+m6",
    "+m8",
    "+f1",
    "+f2",
    "+f4",
    "+f5",
)
UNSEEN_VARIANTS = ("+m7", "+m5", "+f3")
_SYNCHRONOUS, _EVENT_END, _EVENT_WORD = 2, 0, 1
_UTF8 = 1
_PARAMETERS = {"rate": 1, "pitch": 3, "spread": 4, "gap": 7}


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Voice:
    """How a sentence is spoken: espeak-ng's voice file and its four numbers."""

    language: str
    name: str
    rate: int
    pitch: int
    spread: int
    gap: int


@dataclass(frozen=True)
class Word:
    """One spoken word and when it sounds, in seconds from the start of the audio."""

    text: str
    start: float
    end: float


class _Espeak:
    """The library, opened once a process; it has one voice and one callback at a time."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 500, None, 0)
        self._sound: list[npt.NDArray[np.int16]] = []
        self._starts: list[int] = []
        self._callback = _CALLBACK(self._receive)  # kept: the library holds only a pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._sound.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        i = 0
        while events[i].type != _EVENT_END:
            event = events[i]
            # Spurious word events carry position or length 0.
            if event.type == _EVENT_WORD and event.text_position > 0 and event.length > 0:
                self._starts.append(event.sample)
            i += 1
        return 0

    def say(self, text: str, voice: Voice) -> tuple[Sound, list[int]]:
        """Raw samples at the library's rate, and the sample at which each word starts."""
        self._sound.clear()
        self._starts.clear()
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise LookupError(f"espeak-ng has no voice {voice.name}")
        for name, number in _PARAMETERS.items():
            self._library.espeak_SetParameter(number, getattr(voice, name), 0)
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._sound).astype(np.float32) / np.float32(32768)
        return samples, list(self._starts)


@functools.cache
def _espeak() -> _Espeak:
    return _Espeak()


def random_voice(
    rng: np.random.Generator,
    language: str,
    rates: Sequence[int] = TRAINING_RATES,
    variants: Sequence[str] = TRAINING_VARIANTS,
) -> Voice:
    """A voice of this language; by default one that training may use."""
    base = str(rng.choice(_BASES[language]))
    return Voice(
        language,
        base + str(rng.choice(variants)),
        rate=int(rng.choice(rates)),
        pitch=int(rng.integers(15, 86)),
        spread=int(rng.integers(20, 81)),
        gap=int(rng.choice([0, 0, 0, 1, 2, 4])),
    )


def random_words(rng: np.random.Generator, among: list[str], count: int) -> list[str]:
    """So many of these words, drawn with replacement."""
    return [str(w) for w in rng.choice(among, count)]


def _sounding(x: Sound) -> tuple[int, int]:
    """First and one-past-last sample above 2 % of the peak."""
    loud = np.nonzero(np.abs(x) > 0.02 * np.abs(x).max())[0]
    return int(loud[0]), int(loud[-1]) + 1


@functools.lru_cache(maxsize=4096)
def _length_alone(word: str, voice: Voice) -> int:
    first, last = _sounding(_espeak().say(word, voice)[0])
    return last - first


def _next_smooth(n: int) -> int:
    """The next number without prime factors above 5: other lengths make the FFT slow."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1


def resample(x: Sound, source: int = 22050, target: int = RATE) -> Sound:
    """Band-limited resampling by cutting the spectrum (the ratio must be 22050 to 16000)."""
    lead = int(source * 0.02)
    total = 441 * _next_smooth(-(-(len(x) + 2 * lead) // 441))
    padded = np.zeros(total)
    padded[lead : lead + len(x)] = x
    size = total * 320 // 441
    y = np.fft.irfft(np.fft.rfft(padded)[: size // 2 + 1], size) * (size / total)
    first = round(lead * target / source)
    return y[first : first + round(len(x) * target / source)].astype(np.float32)


def _starts(words: list[str], voice: Voice, reported: list[float], end: float) -> list[float]:
    """When each word starts: as reported, or in proportion to how long each lasts alone."""
    if len(reported) == len(words):
        edges = [max(0.0, s) for s in reported]
    else:
        lengths = [_length_alone(w, voice) for w in words]
        edges = [float(x) for x in np.cumsum([0, *lengths[:-1]]) / sum(lengths) * end]
    edges[0] = 0.0
    return edges


def speak(words: list[str], voice: Voice, stop: str = "") -> tuple[Sound, list[Word]]:
    """Speak a sentence; `stop` is put after it (a full stop lowers the voice)."""
    raw, starts = _espeak().say(" ".join(words) + stop, voice)
    x = resample(raw, _espeak().rate)
    first, last = _sounding(x)
    x = x[first:last]
    duration = len(x) / RATE
    reported = [s / _espeak().rate - first / RATE for s in starts]
    edges = [*_starts(words, voice, reported, duration), duration]
    timed = [Word(w, a, b) for w, a, b in zip(words, edges[:-1], edges[1:], strict=True)]
    return x / np.abs(x).max(), timed
