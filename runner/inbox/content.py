"""What is in a file, by its first bytes: enough to refuse what can never be a recording.

Purpose: ``recognise(head)`` gives a ``Content``; ``difference(name, content)`` a note.
Guarantees: pure; looks at ``HEAD`` bytes at most. *Content decides*: a known container is taken
under any name; text, pages, archives, playlists, pictures, programs are refused by kind; what
is not recognised goes to the worker, whose decoder knows better.
Limits: a recording that begins with bytes of another format is judged by them.
"""

from collections.abc import Callable
from dataclasses import dataclass

HEAD = 4096


@dataclass(frozen=True, slots=True)
class Content:
    """``sound`` says that it may be a recording; ``what`` names it with its article."""

    what: str
    sound: bool
    family: str = ""


UNKNOWN = Content("unknown", sound=True)
EMPTY = Content("an empty file", sound=False)

_MP4 = Content("MP4", sound=True, family="mp4")
_MPEG = Content("MPEG audio", sound=True, family="mp3")
_AAC = Content("AAC", sound=True, family="aac")
_TEXT = Content("a text file", sound=False)
_HTML = Content("a web page (was a log-in or error page downloaded?)", sound=False)
_XML = Content("an XML file", sound=False)
_PLAYLIST = Content("a playlist: it names recordings and holds none", sound=False)
_SCRIPT = Content("a script", sound=False)


def _refused(what: str) -> Content:
    return Content(what, sound=False)


MAGIC: tuple[tuple[int, bytes, Content], ...] = (
    (0, b"ID3", _MPEG),
    (0, b"OggS", Content("Ogg", sound=True, family="ogg")),
    (0, b"fLaC", Content("FLAC", sound=True, family="flac")),
    (0, b"\x1aE\xdf\xa3", Content("Matroska or WebM", sound=True, family="mkv")),
    (0, b"0&\xb2u\x8ef\xcf\x11", Content("Windows Media", sound=True, family="wma")),
    (0, b"#!AMR", Content("AMR", sound=True, family="amr")),
    (0, b"RF64", Content("WAV", sound=True, family="wav")),
    (0, b"FLV\x01", Content("Flash video", sound=True, family="flv")),
    (0, b".snd", Content("Sun audio", sound=True, family="au")),
    (0, b"caff", Content("Core Audio", sound=True, family="caf")),
    (0, b"\x00\x00\x01\xba", Content("MPEG video", sound=True, family="mpg")),
    (0, b"PK\x03\x04", _refused("a ZIP archive (or an office document)")),
    (0, b"PK\x05\x06", _refused("an empty ZIP archive")),
    (0, b"\x1f\x8b", _refused("a gzip archive")),
    (0, b"BZh", _refused("a bzip2 archive")),
    (0, b"\xfd7zXZ\x00", _refused("an xz archive")),
    (0, b"7z\xbc\xaf\x27\x1c", _refused("a 7-Zip archive")),
    (0, b"Rar!\x1a\x07", _refused("a RAR archive")),
    (0, b"\x28\xb5\x2f\xfd", _refused("a Zstandard archive")),
    (257, b"ustar", _refused("a tar archive")),
    (0, b"!<arch>\n", _refused("an archive of objects or a package")),
    (0, b"\x7fELF", _refused("a program")),
    (0, b"MZ", _refused("a Windows program")),
    (0, b"\xcf\xfa\xed\xfe", _refused("a macOS program")),
    (0, b"\xca\xfe\xba\xbe", _refused("a macOS or Java program")),
    (0, b"%PDF-", _refused("a PDF document")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _refused("an office document")),
    (0, b"\xff\xd8\xff", _refused("a JPEG picture")),
    (0, b"\x89PNG\r\n", _refused("a PNG picture")),
    (0, b"GIF8", _refused("a GIF picture")),
    (0, b"II*\x00", _refused("a TIFF picture")),
    (0, b"MM\x00*", _refused("a TIFF picture")),
    (0, b"SQLite format 3\x00", _refused("a database")),
    (0, b"MThd", _refused("a MIDI file: it holds notes and no sound")),
)

RIFF = {
    b"WAVE": Content("WAV", sound=True, family="wav"),
    b"AVI ": Content("AVI", sound=True, family="avi"),
    b"WEBP": _refused("a WebP picture"),
}
PICTURE_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"avif"})

PLAYLISTS = ("#extm3u", "#extinf", "[playlist]", "<asx", "<?wpl", "ffconcat version", "[reference]")
MARKUP = (("<!doctype html", _HTML), ("<html", _HTML), ("<head", _HTML), ("<body", _HTML))
CONTROL = bytes({*range(9), *range(14, 27), *range(28, 32)})
"""Bytes that no text in any encoding has, but for UTF-16."""

SYNC, ADTS_MASK, ADTS = 0xFFE0, 0xFFF6, 0xFFF0


def _container(head: bytes) -> Content | None:
    """Recognise what has its mark behind a length or a size."""
    if head[:4] in {b"RIFF", b"RIFX"}:
        return RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return Content("AIFF", sound=True, family="aiff")
    if head[4:8] == b"ftyp":
        return _refused("a HEIC or AVIF picture") if head[8:12] in PICTURE_BRANDS else _MP4
    if head[4:8] in {b"moov", b"mdat", b"wide"}:
        return _MP4
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        return Content("an MPEG transport stream", sound=True, family="ts")
    return None


def _magic(head: bytes) -> Content | None:
    for offset, mark, content in MAGIC:
        if head.startswith(mark, offset):
            return content
    return None


def _text_of(head: bytes) -> str | None:
    """Return the head as text, or None when it is no text."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = head[: len(head) & ~1].decode("utf-16", "replace")
        return text if all(c.isprintable() or c.isspace() for c in text.rstrip("\ufffd")) else None
    # Text has no control characters, whatever its encoding (UTF-8, Windows, East Asian).
    return None if head.translate(None, CONTROL) != head else head.decode("utf-8-sig", "replace")


def _text(head: bytes) -> Content | None:
    text = _text_of(head)
    if text is None:
        return None
    start = text.lstrip().lower()
    if start.startswith(PLAYLISTS) or "<playlist" in start[:512]:
        return _PLAYLIST
    for mark, content in MARKUP:
        if mark in start[:512]:
            return content
    if start.startswith("<?xml"):
        return _XML
    return _SCRIPT if start.startswith("#!") else _TEXT


def _frames(head: bytes) -> Content | None:
    """Recognise bare MPEG audio by its sync bits; layer bits of zero are AAC's."""
    first = int.from_bytes(head[:2])
    if first & SYNC != SYNC:
        return None
    return _AAC if first & ADTS_MASK == ADTS else _MPEG


STEPS: tuple[Callable[[bytes], Content | None], ...] = (_magic, _container, _text, _frames)


def recognise(head: bytes) -> Content:
    """Return what a file that begins with ``head`` is."""
    if not head:
        return EMPTY
    return next((found for step in STEPS if (found := step(head))), UNKNOWN)


ENDINGS = {
    "mp3": "mp3", "mp2": "mp3", "mpga": "mp3", "wav": "wav", "wave": "wav", "bwf": "wav",
    "m4a": "mp4", "m4b": "mp4", "mp4": "mp4", "m4v": "mp4", "mov": "mp4", "3gp": "mp4",
    "qt": "mp4", "ogg": "ogg", "oga": "ogg", "opus": "ogg", "ogv": "ogg", "spx": "ogg",
    "flac": "flac", "webm": "mkv", "mkv": "mkv", "mka": "mkv", "wma": "wma", "wmv": "wma",
    "asf": "wma", "aac": "aac", "amr": "amr", "avi": "avi", "aif": "aiff", "aiff": "aiff",
    "flv": "flv", "caf": "caf", "au": "au", "ts": "ts", "mts": "ts", "mpg": "mpg", "mpeg": "mpg",
}  # fmt: skip


def difference(name: str, content: Content) -> str | None:
    """Return a note when the ending of ``name`` promises another family than the content's."""
    ending = name.rpartition(".")[2].lower()
    promised = ENDINGS.get(ending)
    if not promised or not content.family or promised == content.family:
        return None
    return f"the name says .{ending}, the content is {content.what}"
