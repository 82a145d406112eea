"""The official models, as openai-whisper itself lists them.

Purpose: name -> file, address, sha256. The tables are whisper's private ones: its own
``load_model`` has no other, and a copy here would grow old.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import whisper


@dataclass(frozen=True)
class Official:
    """A model that openai-whisper knows by ``name``; several names may share one file."""

    name: str
    url: str

    @property
    def file(self) -> str:
        """The checkpoint's file name; whisper's own cache calls it the same."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def sha256(self) -> str:
        """The checksum; it is the folder in the address."""
        return PurePosixPath(urlsplit(self.url).path).parent.name

    @property
    def alignment_heads(self) -> bytes | None:
        """Which attention heads follow the sound, for word timestamps; not in the checkpoint."""
        heads: bytes | None = whisper._ALIGNMENT_HEADS.get(self.name)  # noqa: SLF001 - see module
        return heads


def names() -> tuple[str, ...]:
    """Return the official names, small ones first as whisper has them."""
    return tuple(whisper._MODELS)  # noqa: SLF001 - see module


def official(name: str) -> Official | None:
    """Return the official model called ``name``, if there is one."""
    url = whisper._MODELS.get(name)  # noqa: SLF001 - see module
    return Official(name, url) if url else None
