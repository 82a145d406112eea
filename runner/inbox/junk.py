"""Which names are never recordings: temporary files, droppings of operating systems.

Purpose: ``Junk``, built once from the settings' patterns.
Guarantees: case makes no difference (``Thumbs.db``, ``TALK.MP3.PART``).
Limits: patterns are of ``fnmatch``: ``*``, ``?``, ``[...]``; they see one name, never a path.
"""

import re
from collections.abc import Iterable
from fnmatch import translate


def _one(patterns: Iterable[str]) -> re.Pattern[str]:
    # An empty alternative would match everything: ``(?!)`` matches nothing.
    return re.compile("|".join(map(translate, patterns)) or "(?!)", re.IGNORECASE)


class Junk:
    """Answers for files and for folders."""

    def __init__(self, names: Iterable[str], folders: Iterable[str]) -> None:
        self._name = _one(names)
        self._folder = _one(folders)

    def name(self, name: str) -> bool:
        """Return whether a file of this name is to be left alone."""
        return self._name.match(name) is not None

    def folder(self, name: str) -> bool:
        """Return whether a folder of this name is not to be entered."""
        return self._folder.match(name) is not None
