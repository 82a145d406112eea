"""Writing TOML: the little that settings and sidecars need (Python only reads it).

Guarantees: what ``tomllib`` reads back is equal to what was given.
Limits: flat tables of text, numbers, booleans and lists of these.
"""

import json
from collections.abc import Mapping

DELETE = "\x7f"


def table(values: Mapping[str, object]) -> str:
    """Return ``key = value`` lines."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A JSON string is a TOML string, but for one control character.
    return json.dumps(str(value), ensure_ascii=False).replace(DELETE, "\\u007f")
