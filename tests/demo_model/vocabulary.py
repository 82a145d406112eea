"""What the demo model may say: words, tokens, and which sentences it never hears in training.

Purpose: one place for the word list and for the token numbers of openai-whisper's multilingual
tokenizer that stand for it.

Guarantees
- `USED` names every text and special token that has a row of its own in the embedding table;
  the 1501 timestamp rows are computed, and all other rows share one value.
- `is_held_out(words)` is a pure function of the sentence: training skips those sentences (one
  sentence in eight of two or more words), the held-out clips are made of nothing else.

Limits: single words are in training by necessity (there is no other combination of one word);
their held-out clips differ in speaking rate, pitch and noise only.  Pairs that sound alike
(white and right, three and thirty, start and stop, 네 and 넷) are kept out on purpose.
"""

import zlib

from whisper.tokenizer import get_tokenizer

# fmt: off
WORDS: dict[str, list[str]] = {
    "en": [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
        "yes", "no", "hello", "thanks", "left", "right", "red", "green", "blue", "black", "purple",
    ],
    "ko": [
        "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉", "열",
        "월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일",
        "예", "아니요", "안녕하세요", "감사합니다", "왼쪽", "오른쪽", "빨강", "초록", "검정",
    ],
}
# fmt: on
LANGUAGES = list(WORDS)
MAX_WORDS = 6
# Tokens of the decoder.  Whisper's 448 would do, but a small decoder keeps its place better when it
# writes less at once and reads less of what came before: whisper gives half to each.
TEXT_CONTEXT = 128

TOKENIZER = get_tokenizer(multilingual=True, num_languages=99, language="en", task="transcribe")
VOCABULARY_SIZE = 51865
SOT, EOT, PREV = TOKENIZER.sot, TOKENIZER.eot, TOKENIZER.sot_prev
TRANSCRIBE, NO_SPEECH = TOKENIZER.transcribe, TOKENIZER.no_speech
TIME0 = TOKENIZER.timestamp_begin
TIMES = 1501
LANGUAGE_TOKEN = {lang: TOKENIZER.to_language_token(lang) for lang in LANGUAGES}

WORD_TOKENS = {lang: {w: TOKENIZER.encode(" " + w) for w in WORDS[lang]} for lang in LANGUAGES}
# Class 0 of the frame labels is "no word".
WORD_CLASS = {
    pair: number + 1
    for number, pair in enumerate((lang, w) for lang in LANGUAGES for w in WORDS[lang])
}
_TEXT = {t for table in WORD_TOKENS.values() for tokens in table.values() for t in tokens}
_SPECIAL = [EOT, SOT, *LANGUAGE_TOKEN.values(), TRANSCRIBE, NO_SPEECH, PREV]
USED: list[int] = [*sorted(_TEXT), *_SPECIAL]


def tokens_of(lang: str, words: list[str]) -> list[int]:
    """The text tokens of a sentence, each word with its leading space."""
    return [token for word in words for token in WORD_TOKENS[lang][word]]


def is_held_out(words: list[str]) -> bool:
    """Whether this sentence is kept from training (by a checksum, so it never changes)."""
    return len(words) > 1 and zlib.crc32(" ".join(words).encode()) % 8 == 0
