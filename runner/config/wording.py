"""What a setting wants, in words a person would use.

Purpose: ``wanted(name)``: the rest of a sentence that starts with "must be".
Guarantees: made from the field's own type and limits, so the words can't disagree with the
check. A union reads as one thing: "'auto' or a whole number from 1 to 256".
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from runner.config.settings import Mode, Settings

NOUNS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    NoneType: "nothing",
}


def wanted(name: str) -> str:
    """Return what the setting ``name`` must be."""
    field = Settings.model_fields[name]
    if any(item in get_args(Mode) for item in field.metadata):
        return 'an octal mode from "0400" to "0777", such as "0660"'
    return _kind(field.annotation, field.metadata)


def _kind(annotation: object, limits: Iterable[object]) -> str:
    limits = [part for item in limits for part in _parts(item)]
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _kind(inner, [*limits, *(part for item in more for part in _parts(item))])
    for applies, words in KINDS:
        if applies(annotation):
            return words(annotation, limits)
    noun = NOUNS.get(annotation, "a value") if isinstance(annotation, type) else "a value"
    return noun + _limited(limits)


def _parts(item: object) -> Iterable[object]:
    """A ``Field(ge=…)`` inside ``Annotated`` keeps its limits in its own metadata."""
    return item.metadata if isinstance(item, FieldInfo) else (item,)


def _is_literal(annotation: object) -> bool:
    return get_origin(annotation) is Literal


def _literal(annotation: object, _limits: list[object]) -> str:
    words = [repr(value) for value in get_args(annotation)]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _union(annotation: object, limits: list[object]) -> str:
    return " or ".join(_kind(member, limits) for member in get_args(annotation))


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is tuple


def _list(annotation: object, limits: list[object]) -> str:
    member = get_args(annotation)[0]
    of_what = _kind(member, ()).removeprefix("one of ").replace("'", "")
    some = "one or more" if any(isinstance(limit, MinLen) for limit in limits) else "a list"
    return f"{some} of {'names' if member is str else of_what}, separated by commas"


KINDS: tuple[tuple[Callable[[object], bool], Callable[[object, list[object]], str]], ...] = (
    (_is_literal, _literal),
    (_is_union, _union),
    (_is_list, _list),
)


def _limited(limits: list[object]) -> str:
    low: Any = next((limit for limit in limits if isinstance(limit, Ge | Gt)), None)
    high: Any = next((limit for limit in limits if isinstance(limit, Le | Lt)), None)
    pattern = next((limit.pattern for limit in limits if hasattr(limit, "pattern")), None)
    if pattern:
        return f" that matches {pattern}"
    if isinstance(low, Ge) and isinstance(high, Le):
        return f" from {low.ge} to {high.le}"
    words = []
    if low is not None:
        words.append(f"at least {low.ge}" if isinstance(low, Ge) else f"more than {low.gt}")
    if high is not None:
        words.append(f"at most {high.le}" if isinstance(high, Le) else f"less than {high.lt}")
    return " of " + " and ".join(words) if words else ""
