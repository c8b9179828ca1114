"""A violation of a rule of the API server, in a part of an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from goldenpath.errors import shown
from goldenpath.spec.quantities import quantity_value

__all__ = ["ApiRuleViolation", "Rule", "amount", "duplicates", "one_of", "only_with"]


class ApiRuleViolation(NamedTuple):
    """A field below the part that was judged, the rule's short id, what is wrong with it, and the way out."""

    field: str
    rule: str
    message: str
    fix: str


Rule = Callable[[dict[str, Any]], Iterator[ApiRuleViolation]]
"""Judges a part of an object whose shape is right, and in which no value is null."""

_ZERO: Final = Decimal(0)


def amount(value: Any) -> Decimal:
    """The value of a quantity that fits its schema."""
    try:
        return quantity_value(str(value).strip())
    except (ValueError, ArithmeticError):
        return _ZERO


def duplicates(items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Position and value of each item that was there before; empty ones do not count."""
    seen = set()
    for index, item in enumerate(items):
        if item in seen:
            yield index, item
        if item:
            seen.add(item)


def one_of(value: dict[str, Any], names: Iterable[str], rule: str, what: str) -> Iterator[ApiRuleViolation]:
    """A violation where not exactly one of the fields is there."""
    known = tuple(names)
    there = [name for name in known if name in value]
    if not there:
        yield ApiRuleViolation("", rule, f"there is no {what}", f"Set one of: {', '.join(known)}.")
    for name in there[1:]:
        yield ApiRuleViolation(
            name, rule, f"there is a {there[0]} already, and {what} can be one only", "Keep one of them."
        )


def only_with(value: dict[str, Any], name: str, rule: str, when: str) -> Iterator[ApiRuleViolation]:
    """A violation where a field is there that is for another case."""
    if name in value:
        yield ApiRuleViolation(name, rule, f"{shown(name)} is only for {when}", "Remove it.")
