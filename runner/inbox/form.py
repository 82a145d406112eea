"""The announcement of an upload: the form that nginx's ``upload_store`` rewrites.

Purpose: ``parse(data)`` gives the stored parts it names.
Source: multipart/form-data without its header line; the boundary is the body's first line.
Each part of an upload is the fields name, type, path, size, sha256, in this order.
Guarantees: pure. ``FormError`` says in a sentence what is wrong, for any input.
"""

import email
import re
from dataclasses import dataclass
from email.message import Message

FIELDS = frozenset({"name", "type", "path", "size", "sha256"})
NEEDED = ("path", "size", "sha256")
MOST_PARTS = 1000
SIZE_DIGITS = 19
_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=?-]{1,70})\r?\n")
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


def _fields(data: bytes) -> list[tuple[str, str]]:
    boundary = _BOUNDARY.match(data)
    if boundary is None:
        raise FormError("the form does not begin with a boundary")
    head = b'Content-Type: multipart/form-data; boundary="%s"\r\n\r\n' % boundary[1]
    message = email.message_from_bytes(head + data)
    if message.defects or not message.is_multipart():
        raise FormError("the form is cut off or no form")
    fields = ((_name_of(part), _value_of(part)) for part in message.get_payload())
    return [(name, value) for name, value in fields if name in FIELDS]


def _name_of(part: object) -> str:
    if not isinstance(part, Message):
        return ""
    name = part.get_param("name", header="content-disposition")
    return name if isinstance(name, str) else ""


def _value_of(part: object) -> str:
    value = part.get_payload(decode=True) if isinstance(part, Message) else None
    if not isinstance(value, bytes):
        return ""
    return value.decode("utf-8", "surrogateescape")


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
