"""Violations of rules of the API server, and helpers that create them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from goldenpath.errors import shown
from goldenpath.spec.quantities import quantity_value

__all__ = [
    "ApiRuleViolation",
    "Rule",
    "amount",
    "below",
    "duplicates",
    "one_of",
    "only_with",
    "unique",
    "unique_names",
]


class ApiRuleViolation(NamedTuple):
    """A field relative to the checked part, the short id of the rule, a message and a fix."""

    field: str
    rule: str
    message: str
    fix: str


Rule = Callable[[dict[str, Any]], Iterator[ApiRuleViolation]]
"""Checks a part of an object that matches its schema and has no null."""

_ZERO: Final = Decimal(0)


def amount(value: Any) -> Decimal:
    """Return the value of a quantity; 0 if it is not a quantity."""
    try:
        return quantity_value(str(value).strip())
    except (ValueError, ArithmeticError):
        return _ZERO


def duplicates(items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the index and value of each item that repeats an earlier item. Empty items do not count."""
    seen = set()
    for index, item in enumerate(items):
        if item in seen:
            yield index, item
        if item:
            seen.add(item)


def unique(
    values: Iterable[Any], place: str, noun: str, fix: str = "Keep one."
) -> Iterator[ApiRuleViolation]:
    """Yield a violation for each repeated value. ``place`` is the field of a value, with ``[]`` for its index."""
    for index, value in duplicates(values):
        message = f"{noun} {shown(value)} already exists"
        yield ApiRuleViolation(place.replace("[]", f"[{index}]"), "duplicate", message, fix)


def unique_names(items: Iterable[dict[str, Any]], field: str, noun: str) -> Iterator[ApiRuleViolation]:
    """Yield a violation for each item in the list at ``field`` that has the name of an earlier item."""
    names = (item.get("name", "") for item in items)
    return unique(names, f"{field}[].name", noun, "Give it another name.")


def below(place: str, violations: Iterable[ApiRuleViolation], rule: str = "") -> Iterator[ApiRuleViolation]:
    """Put violations below a place, and under another rule if one is named."""
    for violation in violations:
        yield violation._replace(field=f"{place}.{violation.field}", rule=rule or violation.rule)


def one_of(value: dict[str, Any], names: Iterable[str], rule: str, noun: str) -> Iterator[ApiRuleViolation]:
    """Check that exactly one of the fields is set."""
    known = tuple(names)
    given = [name for name in known if name in value]
    if not given:
        yield ApiRuleViolation("", rule, f"the {noun} is missing", f"Set one of: {', '.join(known)}.")
    for name in given[1:]:
        yield ApiRuleViolation(name, rule, f"the {noun} has a {given[0]} already", "Keep one of them.")


def only_with(value: dict[str, Any], name: str, rule: str, when: str) -> Iterator[ApiRuleViolation]:
    """Check that a field is missing, because it is only for another case."""
    if name in value:
        yield ApiRuleViolation(name, rule, f"{shown(name)} is only for {when}", "Remove it.")
