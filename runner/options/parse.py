"""One option file: TOML or JSON, a flat table of keys.

Purpose: ``parse(where, data)``.
Guarantees: ``LARGEST`` bytes take some milliseconds, whatever they are. tomllib's time grows with
the square of the dots in one key, so keys nested too deep are refused before it sees them.
Diagnostics: ``OptionsError`` naming the file and what is wrong with it, for every input.
"""

import json
import re
import tomllib
from collections import Counter
from typing import Any, NoReturn

from runner.job.errors import OptionsError

LARGEST = 24 * 1024
"""Bytes; a bigger file is no option file. A prompt of 4,000 characters fits, each escaped too."""
DEEPEST = 8
"""Parts of a dotted key. No option has two; a slip of the pen should still be told by its name."""

# A string that is still open at the end of its line or of the file is taken to there, and a key
# is looked for at its beginning only: the time grows with the size and nothing else.
_QUOTED = re.compile(
    r"""
    \"{3} (?: \\. | [^\\] )*? (?: "{3,5} | \\?\Z )
    | '{3} .*? (?: '{3,5} | \Z )
    | " (?: \\[^\n] | [^"\\\n] )* "?
    | ' [^'\n]* '?
    | \# [^\n]*
    """,
    re.DOTALL | re.VERBOSE,
)
_DEEP = re.compile(
    rf"""(?<![\w"-]) [\w"-]++ (?: [ \t]*+ \. [ \t]*+ [\w"-]++ ){{{DEEPEST}}}""", re.VERBOSE
)


class _WrongError(ValueError):
    """JSON that says something no option file may say."""


def parse(where: str, data: bytes) -> dict[str, Any]:
    """Return the keys of the option file called ``where``, by its ending .toml or .json."""
    kind = "JSON" if where.endswith(".json") else "TOML"
    if len(data) > LARGEST:
        raise OptionsError(f"{where}: is larger than {LARGEST // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
        keys = _json(text) if kind == "JSON" else _toml(text)
    except UnicodeDecodeError:
        raise OptionsError(f"{where}: is not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, _WrongError) as error:
        raise OptionsError(f"{where}: is not {kind} ({str(error)[:200]})") from error
    except RecursionError:
        raise OptionsError(f"{where}: is nested too deep") from None
    except ValueError:  # Python's own bound, in words for programmers
        raise OptionsError(f"{where}: has a number with too many digits") from None
    if not isinstance(keys, dict):
        raise OptionsError(f"{where}: should be an object with option names as keys")
    return keys


def _toml(text: str) -> dict[str, Any]:
    if _DEEP.search(_QUOTED.sub('""', text)):
        raise _WrongError(f"a key of more than {DEEPEST} parts")
    return tomllib.loads(text)


def _json(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(text, object_pairs_hook=_once, parse_constant=_not_a_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _WrongError(f"key {twice!r} twice")
    return keys


def _not_a_number(word: str) -> NoReturn:
    raise _WrongError(f"{word} is no number")
