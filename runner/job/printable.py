r"""How a name given by strangers is shown to people: in logs, tables, notices.

Purpose: ``printable(text)``; what could steer a terminal or deceive the eye becomes visible.
Guarantees: the result is one line of valid Unicode without control characters, line
separators, invisible or direction-changing formats, and without surrogates; text in any
script and emoji stay as they are.
Limits: for showing only. ``\x1b`` in a name and a real escape character look the same.
"""

import os
import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")
"""Format characters that Arabic, Persian, Indic scripts and emoji families need."""


def printable(text: str) -> str:
    """Return ``text`` with every hidden character written as Python writes it in a string."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in JOINERS or unicodedata.category(character) not in HIDDEN:
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{os.fsencode(character)[0]:02x}"  # a byte that was not UTF-8
    return ascii(character)[1:-1]
