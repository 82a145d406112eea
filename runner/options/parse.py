"""One option file: TOML or JSON, a flat table of keys.

Purpose: ``parse(where, data)``.
Diagnostics: ``OptionsError`` naming the file and what is wrong with it, for every input.
Limits: meant for small files; whoever reads them bounds the size (``LARGEST``).
"""

import json
import tomllib
from typing import Any, NoReturn

from runner.job.errors import OptionsError

LARGEST = 64 * 1024
"""Bytes; a bigger file is no option file."""


def parse(where: str, data: bytes) -> dict[str, Any]:
    """Return the keys of the option file called ``where``, by its ending .toml or .json."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OptionsError(f"{where}: is not UTF-8 text") from None
    try:
        keys = _json(text) if where.endswith(".json") else tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionsError(f"{where}: is not TOML ({_short(error)})") from error
    except RecursionError:
        raise OptionsError(f"{where}: is nested too deep") from None
    except ValueError as error:
        raise OptionsError(f"{where}: is not JSON ({_short(error)})") from error
    if not isinstance(keys, dict):
        raise OptionsError(f"{where}: should be an object with option names as keys")
    return keys


def _json(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(text, object_pairs_hook=_once, parse_constant=_not_a_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"key {twice!r} twice")
    return keys


def _not_a_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _short(error: Exception) -> str:
    return str(error)[:200]
