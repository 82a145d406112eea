"""Names of uploads: what nginx's PUT and forms make of the name a person gave.

Purpose: ``given(name)`` for ``<32 hex>.<percent-encoded name>``; ``plain(name)`` for a name told
by a client; ``form_id(name)`` for ``<32 hex>.form``.
Guarantees: the result is one path element: no slash, no NUL, never empty, ``.`` or ``..``.
A name that has not exactly the upload's form is never decoded.
"""

import os
import re
from urllib.parse import unquote_to_bytes

_PUT = re.compile(r"([0-9a-f]{32})\.((?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)\Z")
_FORM = re.compile(r"([0-9a-f]{32})\.form\Z")
NAMELESS = "upload"


def given(name: str) -> tuple[str | None, str]:
    """Return (upload id or None, the name a person gave) of a file's name on disk."""
    match = _PUT.match(name)
    if match is None:
        return None, name
    return match[1], plain(os.fsdecode(unquote_to_bytes(match[2])))


def form_id(name: str) -> str | None:
    """Return the upload id when ``name`` is that of an announcement."""
    match = _FORM.match(name)
    return match[1] if match else None


def plain(name: str) -> str:
    """Return ``name`` as one harmless path element."""
    one = name.replace("/", "_").replace("\0", "_")
    return NAMELESS if one in {"", ".", ".."} else one
