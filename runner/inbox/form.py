"""The announcement of an upload: the form that nginx's ``upload_store`` rewrites.

Purpose: ``parse(data)`` gives the stored parts it names.
Source: multipart/form-data without its header line; the boundary is the body's first line.
Each part of an upload is the fields name, type, path, size, sha256, in this order.
Guarantees: pure; the time grows with the size and nothing else. ``FormError`` says in a sentence
what is wrong, for any input.
Why no MIME parser: a part of such a form is one named text. Parts in parts, messages in messages,
encodings and folded parameters are MIME's, and what they cost is a stranger's to choose.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NEEDED = ("path", "size", "sha256")
MOST_PARTS = 1000
SIZE_DIGITS = 19
_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=?-]{1,70})\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(
    rb'^content-disposition:[ \t]*form-data;[ \t]*name="?(name|type|path|size|sha256)"?[ \t\r]*$',
    re.IGNORECASE | re.MULTILINE,
)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class FormError(ValueError):
    """The form is no announcement that can be used."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stored file. ``name`` is what a client said; text with surrogates for odd bytes."""

    name: str
    path: str
    size: int
    sha256: str


def parse(data: bytes) -> tuple[Part, ...]:
    """Return the parts that a form announces, in its order."""
    groups: list[dict[str, str]] = []
    for field, value in _fields(data):
        # A field that the group at hand has already begins the next part.
        if not groups or field in groups[-1]:
            groups.append({})
        groups[-1][field] = value
    if not groups:
        raise FormError("the form names no stored file")
    if len(groups) > MOST_PARTS:
        raise FormError(f"the form names more than {MOST_PARTS} files")
    return tuple(_part(number, group) for number, group in enumerate(groups, start=1))


def _fields(data: bytes) -> Iterator[tuple[str, str]]:
    boundary = _BOUNDARY.match(data)
    if boundary is None:
        raise FormError("the form does not begin with a boundary")
    for piece in (b"\n" + data).split(b"\n--" + boundary[1])[1:]:
        if piece.startswith(b"--"):
            return
        if not piece.startswith((b"\n", b"\r\n")):
            break
        head, *value = _BLANK_LINE.split(piece, maxsplit=1)
        if value and (field := _FIELD.search(head)):
            text = value[0].removesuffix(b"\r").decode("utf-8", "surrogateescape")
            yield field[1].decode().lower(), text
    raise FormError("the form is cut off or no form")


def _part(number: int, fields: dict[str, str]) -> Part:
    for field in NEEDED:
        if not fields.get(field):
            raise FormError(f"file {number} of the form has no {field}")
    size, digest = fields["size"], fields["sha256"].lower()
    if not (size.isascii() and size.isdecimal() and len(size) <= SIZE_DIGITS):
        raise FormError(f"file {number} of the form has no valid size")
    if not _SHA256.match(digest):
        raise FormError(f"file {number} of the form has no valid sha256")
    # Old browsers send a whole path.
    name = re.split(r"[\\/]", fields.get("name", ""))[-1]
    return Part(name=name, path=fields["path"], size=int(size), sha256=digest)
