"""Names in the outbox.

Purpose: ``outbox_names`` from the template, ``notice_name`` for a failure, ``stem_of``.
Guarantees: literal replacement in one pass, so that a name that contains ``{format}`` means
itself; one path element, never empty; at most ``NAME_MAX`` bytes, the stem cut at a character
boundary and marked with ``~``; all renderings of a job share the stem and the number.
"""

import os
import re
import unicodedata
from collections.abc import Iterable

NAME_MAX = 255
CUT = "~"
PLAIN = "{stem}.{format}"
_SUFFIX = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}\Z")
_FIELD = re.compile(r"\{(stem|format|language|id)\}")


def stem_of(name: str) -> str:
    """Return ``name`` without its suffix; ``Meeting 12.30`` has none."""
    match = _SUFFIX.search(name)
    return name[: match.start()] if match and match.start() else name


def outbox_names(
    template: str,
    formats: Iterable[str],
    *,
    name: str,
    language: str = "",
    job: str = "",
    number: int = 1,
) -> dict[str, str]:
    """Return the file name of each format for the recording ``name``."""
    if "{format}" not in template:
        template += ".{format}"
    if "{stem}" not in template:
        template = template.replace(".{format}", "{stem}.{format}")
        name = ""
    formats = tuple(formats)
    mark = f"-{number}" if number > 1 else ""

    def fill(stem: str, form: str) -> str:
        values = {"stem": stem + mark, "format": form, "language": language, "id": job}
        return _one_element(_FIELD.sub(lambda field: values[field[1]], template))

    longest = max((len(os.fsencode(fill("", form))) for form in formats), default=0)
    if longest >= NAME_MAX // 2 and template != PLAIN:
        return outbox_names(PLAIN, formats, name=name, number=number)
    room = (NAME_MAX - longest) // template.count("{stem}")
    stem = cut(stem_of(name), room)
    return {form: fill(stem, form) for form in formats}


def notice_name(name: str, number: int = 1) -> str:
    """Return the name of the failure notice for the recording ``name``."""
    ending = f".failed-{number}.txt" if number > 1 else ".failed.txt"
    return _one_element(cut(name, NAME_MAX - len(ending)) + ending)


def cut(text: str, room: int) -> str:
    """Return ``text`` in at most ``room`` bytes, cut where a character as seen begins."""
    if len(os.fsencode(text)) <= room:
        return text
    room -= len(CUT)
    end, size = 0, 0
    for index, character in enumerate(text):
        if not _continues(text, index):
            end = index
        size += len(os.fsencode(character))
        if size > room:
            break
    return text[:end] + CUT


def _continues(text: str, index: int) -> bool:
    """Return whether the character at ``index`` belongs to the one before it."""
    character = text[index]
    joined = index > 0 and text[index - 1] == "\u200d"
    return (
        joined
        or unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or (character == "\u200d" or "\ufe00" <= character <= "\ufe0f")
    )


def _one_element(name: str) -> str:
    one = name.replace("/", "_").replace("\0", "_")
    return "_" if one in {"", ".", ".."} else one
