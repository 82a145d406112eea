"""Training examples: a window of speech as whisper would see it, and what to answer.

Purpose: spectrogram, decoder tokens and labels, and for every label the stretch of audio the
decoder should look at.

Guarantees
- `batch` depends on its arguments only.
- Windows look like transcribe()'s own: the rest after the recording is zeros of the spectrogram
  (the last window of a file) or digital silence (language detection); the floor of the
  spectrogram may come from a louder part of the file; a sentence that the end of the window cuts
  off is answered by its start time alone, so that transcribe() goes on from there.
- A window with a single sentence ends with its end time twice.  Without the second time
  transcribe() would put the segment's start at the window's, whatever time the model gave; the
  price is one more window for what follows, which is then silence, perhaps with the last
  milliseconds of the sentence.
- The first time is fed back as at most 1.00 s, because transcribe() forces that.
- Prompts look like condition_on_previous_text's: sentences of the same language with their
  times, starting again near zero with each window, up to what whisper keeps.
- An answer stops where whisper stops writing: transcribe() goes on from its last whole sentence.
- Words recur near by (`_wordlist`) and sentences are alone more often than by chance.
- Held-out sentences (vocabulary.is_held_out) never occur.

Limits: a window shorter than 30 s stands at a random place of the 30 s, which teaches words and
times cheaply; only full windows teach to find the place among 30 s of speech.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from whisper.audio import log_mel_spectrogram

from . import noise
from . import vocabulary as v
from .speech import RATE, Sound, Voice, Word, random_voice, random_words, speak

FRAMES = 50  # encoder frames a second
HOP = RATE // FRAMES
CONTEXT = 1500
IGNORE, SILENT_TIME, SILENT_LANGUAGE = -1, -2, -3
NOWHERE = (-1, -1)
LONGEST_ANSWER = v.TEXT_CONTEXT // 2  # whisper's own shares
Words = list[str]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass
class Scene:
    """The audio of one window and what is said in it."""

    language: str
    samples: Sound
    sentences: list[list[Word]] = field(default_factory=list)  # times from the window's start
    sounding_end: float = 0.0  # seconds; the rest of the window is padding
    cut: bool = True  # whether speech may run past the window's end


def _wordlist(rng: np.random.Generator, language: str) -> Words:
    """What a window is spoken from: all words or, so that they recur near by, only a few."""
    words = v.WORDS[language]
    return words if rng.random() < 0.8 else random_words(rng, words, int(rng.integers(3, 10)))


def training_words(rng: np.random.Generator, among: Words) -> Words:
    """A sentence of 1 to 6 of these words that is not held out."""
    while True:
        words = random_words(rng, among, int(rng.integers(1, v.MAX_WORDS + 1)))
        if not v.is_held_out(words):
            return words


def pause(rng: np.random.Generator) -> float:
    """Seconds between sentences: mostly short, sometimes long."""
    kind = rng.random()
    low, high = (0.35, 1.0) if kind < 0.65 else (1.0, 2.5) if kind < 0.92 else (2.5, 6.0)
    return rng.uniform(low, high)


def _lead(rng: np.random.Generator, seconds: float) -> float:
    """When the first sentence starts; below zero: the window opens inside it."""
    kind = rng.random()
    if kind < 0.35:
        return rng.uniform(-0.08, 0.3)
    return rng.uniform(0.3, 1.0) if kind < 0.75 else rng.uniform(1.0, min(9.0, seconds / 2))


def _add(scene: Scene, audio: Sound, words: list[Word], at: float) -> None:
    first = int(at * RATE)
    audio = audio[max(0, -first) :]
    room = scene.samples[max(0, first) : max(0, first) + len(audio)]
    room += audio[: len(room)]
    scene.sentences.append([Word(w.text, at + w.start, at + w.end) for w in words])


def _say(rng: np.random.Generator, voice: Voice, among: Words) -> tuple[Sound, list[Word]]:
    stop = "." if rng.random() < 0.3 else ""
    return speak(training_words(rng, among), voice, stop)


def speech_scene(rng: np.random.Generator, language: str, seconds: float, among: Words) -> Scene:
    """Sentences with pauses, until the window is full or the recording ends inside it."""
    scene = Scene(language, np.zeros(round(seconds * RATE), np.float32), cut=rng.random() < 0.5)
    scene.sounding_end = seconds
    end = seconds if scene.cut else rng.uniform(-0.4, 1.0) * seconds
    one_voice = rng.random() < 0.7
    voice = random_voice(rng, language)
    loudness = 10 ** rng.uniform(-1.2, -0.1)
    at = _lead(rng, seconds)
    while at < seconds:
        if not one_voice:
            voice = random_voice(rng, language)
        audio, words = _say(rng, voice, among)
        over = at + words[-1].end
        if not scene.cut and over > end and scene.sentences:
            break
        if not scene.cut and over > seconds - 0.1:
            at = max(0.0, seconds - words[-1].end - 0.1)  # the only sentence must fit
        _add(scene, audio * loudness * 10 ** rng.uniform(-0.15, 0.15), words, at)
        at += words[-1].end + pause(rng)
    if not scene.cut:
        last = scene.sentences[-1][-1].end
        scene.sounding_end = min(seconds, last + rng.uniform(0.0, 1.2))
    scene.samples = noise.record(rng, scene.samples)
    return scene


def silent_scene(rng: np.random.Generator, language: str, seconds: float, among: Words) -> Scene:
    """Nothing said: silence or noise, over the whole window or part of it."""
    samples = noise.record_nothing(rng, round(seconds * RATE))
    if rng.random() < 0.4:
        spoken = _say(rng, random_voice(rng, language), among)[0]
        rest = spoken[-int(rng.uniform(0.0, 0.05) * RATE) - 1 :]
        samples[: len(rest)] += rest * np.float32(10 ** rng.uniform(-1.2, -0.1))
    end = seconds if rng.random() < 0.4 else np.exp(rng.uniform(np.log(0.1), np.log(seconds)))
    return Scene(language, samples, sounding_end=end, cut=False)


def spectrogram(rng: np.random.Generator, scene: Scene) -> Sound:
    """The log-mel of the window as whisper makes it, with the padding and floor of a real file."""
    end = int(scene.sounding_end * FRAMES)
    digital = rng.random() < 0.4
    x = scene.samples.astype(np.float32)
    if digital:
        x[end * HOP :] = 0
    mel = log_mel_spectrogram(torch.from_numpy(x)).numpy()
    if not scene.sentences and rng.random() < 0.5:
        mel = np.maximum(mel, (rng.uniform(-3, 2) - 4) / 4)
    elif rng.random() < 0.4:
        mel = np.maximum(mel, mel.max() - 2.0 + rng.uniform(0, 0.2))
    if not digital:
        mel[:, 2 * end :] = 0.0
    window: Sound = mel.astype(np.float32)
    return window


def random_prompt(rng: np.random.Generator, language: str, among: Words) -> list[int]:
    """Tokens of earlier windows, or now and then plain words (an initial_prompt)."""
    wanted = int(rng.integers(2, 120))
    plain = rng.random() < 0.1
    tokens: list[int] = []
    at = rng.uniform(0.0, 1.0)
    while len(tokens) < wanted:
        words = training_words(rng, among)
        over = at + len(words) * rng.uniform(0.3, 0.55)
        if over > 29.5:
            at = rng.uniform(0.0, 1.0)  # the next window counts from its own start
            continue
        text = v.tokens_of(language, words)
        times = [v.TIME0 + round(t * FRAMES) for t in (at, over)]
        tokens += text if plain else [times[0], *text, times[1]]
        at = over + pause(rng)
    return tokens[-min(wanted, LONGEST_ANSWER - 1) :]


@dataclass
class Script:
    """Decoder input, the label after each token, and the frames to look at for that label."""

    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def add(self, token: int, label: int = IGNORE, span: tuple[int, int] = NOWHERE) -> None:
        self.ids.append(token)
        self.labels.append(label)
        self.spans.append(span)


Answer = tuple[int, float, float]  # token, and the seconds it is heard in


def _answers(scene: Scene, seconds: float, offset: int) -> tuple[list[Answer], bool]:
    """What to say about the window, and whether it ends in a sentence cut off."""
    said: list[Answer] = []
    limit = seconds - 0.15 if scene.cut else seconds + 1
    for sentence in scene.sentences:
        start, end = max(0.0, sentence[0].start), sentence[-1].end
        if end > limit:
            if start > seconds - 0.1:
                break
            said.append((v.TIME0 + offset + round(start * FRAMES), start - 0.04, start + 0.06))
            return said, True
        said.append((v.TIME0 + offset + round(start * FRAMES), start - 0.04, start + 0.06))
        for word in sentence:
            tokens = v.WORD_TOKENS[scene.language][word.text]
            edges = np.linspace(max(0.0, word.start), word.end, len(tokens) + 1)
            said += zip(tokens, edges[:-1], edges[1:], strict=True)
        said.append((v.TIME0 + offset + round(end * FRAMES), end - 0.06, end + 0.04))
    alone = sum(token >= v.TIME0 for token, _, _ in said) == 2
    return said + said[-1:] if alone else said, False


def _span(start: float, end: float, frames: int) -> tuple[int, int]:
    first = int(min(max(start * FRAMES, 0), frames - 1))
    return first, max(first + 1, int(np.ceil(min(end * FRAMES, frames))))


def script(
    rng: np.random.Generator, scene: Scene, seconds: float, offset: int, prompt: list[int]
) -> Script:
    """The tokens of one example."""
    frames = round(seconds * FRAMES)
    said, cut_off = _answers(scene, seconds, offset)
    out = Script()
    for token in [v.PREV, *prompt] if prompt else []:
        out.add(token)
    language = v.LANGUAGE_TOKEN[scene.language]
    out.add(v.SOT, language if said else SILENT_LANGUAGE)
    out.add(language)
    if not said:
        out.add(v.TRANSCRIBE, SILENT_TIME)
        out.add(v.TIME0 + int(rng.integers(0, 51)), v.EOT)
        return out
    token, clamped = v.TRANSCRIBE, v.TIME0 + FRAMES
    for number, (label, start, end) in enumerate(said[:LONGEST_ANSWER]):
        out.add(token, label, _span(start, end, frames))
        late = number == 0 and label > clamped and rng.random() < 0.7
        token = clamped if late else label
    if len(said) > LONGEST_ANSWER:
        return out
    last = said[-1][2]
    out.add(token, v.EOT, NOWHERE if cut_off else _span(last, last + 0.3, frames))
    return out


def frame_labels(scene: Scene, frames: int) -> npt.NDArray[np.int64]:
    """For each encoder frame: word, word before it, and place in its sentence (0: none)."""
    labels = np.zeros((3, frames), np.int64)
    for sentence in scene.sentences:
        before = 0
        for place, word in enumerate(sentence):
            if word.end <= 0 or word.start >= frames / FRAMES:
                continue
            first, last = _span(word.start, word.end, frames)
            number = v.WORD_CLASS[scene.language, word.text]
            labels[:, first:last] = np.array([[number], [before], [place + 1]])
            before = number
    return labels


def random_scene(rng: np.random.Generator, seconds: float) -> tuple[Scene, Words]:
    """One window of any kind, and the words it is spoken from."""
    language = str(rng.choice(v.LANGUAGES))
    among = _wordlist(rng, language)
    make = silent_scene if rng.random() < 0.1 else speech_scene
    return make(rng, language, seconds, among), among


def texts(scripts: list[Script]) -> Arrays:
    """Scripts as arrays of equal length."""
    length = min(v.TEXT_CONTEXT, max(len(s.ids) for s in scripts))

    def padded(key: str, filler: int | tuple[int, int]) -> npt.NDArray[Any]:
        return np.array([(getattr(s, key) + [filler] * length)[:length] for s in scripts])

    fillers = {"ids": v.EOT, "labels": IGNORE, "spans": NOWHERE}
    return {key: padded(key, filler) for key, filler in fillers.items()}


def batch(seed: list[int], seconds: float, size: int, prompts: float) -> Arrays:
    """Examples as arrays; `prompts` is the share of batches with prompts (they are long)."""
    rng = np.random.default_rng(seed)
    prompted = rng.random() < prompts
    frames = round(seconds * FRAMES)
    mels, offsets, scripts, labels = [], [], [], []
    for _ in range(size):
        whole = frames == CONTEXT or rng.random() < 0.3
        offsets.append(0 if whole else int(rng.integers(0, CONTEXT - frames + 1)))
        scene, among = random_scene(rng, seconds)
        asked = prompted and rng.random() < 0.9
        prompt = random_prompt(rng, scene.language, among) if asked else []
        scripts.append(script(rng, scene, seconds, offsets[-1], prompt))
        mels.append(spectrogram(rng, scene))
        labels.append(frame_labels(scene, frames))
    sound = {"mel": np.stack(mels), "offset": np.array(offsets), "frames": np.stack(labels, 1)}
    return sound | texts(scripts)
