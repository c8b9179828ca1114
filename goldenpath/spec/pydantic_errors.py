"""Turns pydantic's errors into messages for the author of a document."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import BaseModel

from goldenpath.errors import Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import Location, path_of, value_at
from goldenpath.spec.value_checks import UNREPEATABLE, may_hold_a_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["locate", "problem_of"]

# Tags of unions by field. pydantic adds them to locations, but the document does not have them.
_UNION_TAGS: Final = {
    "datasets": frozenset({"oci", "pvc", "snapshot"}),
    "retiring": frozenset({"clusters", "everywhere"}),
    "source": frozenset({"git", "oci"}),
}
_KEY: Final = "[key]"

# Rule, message and nearest value.
Wording: TypeAlias = tuple[str, str, str | None]


def _choice(given: Any, context: dict[str, Any]) -> Wording:
    choices = [choice.strip("'") for choice in context["expected"].replace(" or ", ", ").split(", ")]
    return "choice", f"must be one of {', '.join(choices)}", nearest(given, choices)


def _range(limit: str, key: str) -> Callable[[Any, dict[str, Any]], Wording]:
    def wording(_: Any, context: dict[str, Any]) -> Wording:
        number = str(int(context[key])) if context[key] == int(context[key]) else str(context[key])
        return "range", f"must be {limit} {number}", None if key == "gt" else number

    return wording


def _length(limit: str, key: str, *, unit: str = "entries") -> Callable[[Any, dict[str, Any]], Wording]:
    def wording(_: Any, context: dict[str, Any]) -> Wording:
        number = context[key]
        counted = "one entry" if number == 1 and unit == "entries" else f"{number} {unit}"
        return "length", f"must have {limit} {counted}", None

    return wording


def _not_text(given: Any, _: dict[str, Any]) -> Wording:
    if isinstance(given, bool | int | float):
        return "type", "must be text; put it in quotes", None if isinstance(given, bool) else str(given)
    return "type", "must be text", None


def _own_wording(_: Any, context: dict[str, Any]) -> Wording:
    return context["rule"], context["message"], context["nearest"]


def _type(message: str) -> Callable[[Any, dict[str, Any]], Wording]:
    return lambda _given, _context: ("type", message, None)


_WORDINGS: Final[dict[str, Callable[[Any, dict[str, Any]], Wording]]] = {
    "bool_type": _type("must be true or false, without quotes"),
    "date_type": _type("must be a date, as YYYY-MM-DD"),
    "dict_type": _type("must be a mapping"),
    "finite_number": _type("must be a finite number"),
    "float_type": _type("must be a number, without quotes"),
    "goldenpath": _own_wording,
    "greater_than": _range("more than", "gt"),
    "greater_than_equal": _range("at least", "ge"),
    "int_from_float": _type("must be a whole number"),
    "int_type": _type("must be a whole number, without quotes"),
    "invalid_key": _type("must have a key that is text"),
    "less_than_equal": _range("at most", "le"),
    "literal_error": _choice,
    "model_attributes_type": _type("must be a mapping"),
    "model_type": _type("must be a mapping"),
    "string_too_long": _length("at most", "max_length", unit="characters"),
    "string_type": _not_text,
    "string_unicode": _type("must be text that can be written as UTF-8"),
    "too_long": _length("at most", "max_length"),
    "too_short": _length("at least", "min_length"),
    "tuple_type": _type("must be a list"),
}
"""Wordings by pydantic's type of error. The rule ids are goldenpath's own, and do not depend on pydantic's version."""


def locate(error: Any) -> Location:
    """Return the location of an error in the document, without pydantic's tags."""
    location: Location = error["loc"]
    # The tag of an entry of a list comes after the entry's index.
    tag = 2 if len(location) > 1 and isinstance(location[1], int) else 1
    if len(location) > tag and location[tag] in _UNION_TAGS.get(str(location[0]), ()):
        location = (*location[:tag], *location[tag + 1 :])
    return location[:-1] if _is_about_a_key(error) else location


def _is_about_a_key(error: Any) -> bool:
    # An unknown field may have the name `[key]`.
    return error["loc"][-1:] == (_KEY,) and error["type"] not in {"extra_forbidden", "missing"}


def problem_of(model: type[BaseModel], document: Any, error: Any) -> Problem:
    """Return the problem of the document that one entry of a ``ValidationError`` reports."""
    location, kind = locate(error), error["type"]
    path = path_of(location)
    if kind == "missing":
        return Problem(path, "required", "is required")
    if kind == "extra_forbidden":
        names = _field_names(model, location[:-1])
        if location[-1] in names:  # the field belongs to another variant than the one in pydantic's tag
            return Problem(path, "one-of", f"cannot be given with `{error['loc'][-2]}`; keep one")
        known = f"; the known fields are {', '.join(names)}" if names else ""
        message = f"is not a known field{known}"
        return Problem(path, "unknown-field", message, nearest=nearest(location[-1], names))
    given = location[-1] if _is_about_a_key(error) else value_at(document, location)
    wording = _WORDINGS.get(kind)
    rule, message, near = wording(given, error.get("ctx", {})) if wording else ("invalid", error["msg"], None)
    if rule in UNREPEATABLE or _is_unrepeatable(given):
        return Problem(path, rule, message)  # the suggested value could repeat the secret too
    return Problem(path, rule, message, given, near)


def _is_unrepeatable(given: Any) -> bool:
    """Whether a value must not appear in a message: a whole part of a document, or a possible password."""
    return isinstance(given, dict | list | tuple) or (isinstance(given, str) and may_hold_a_secret(given))


def _field_names(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """Return the names of the model's fields at a location."""
    annotations: list[Any] = [model]
    for step in location:
        annotations = [inner for annotation in annotations for inner in _inside(annotation, step)]
    models = [found for annotation in annotations for found in _models(annotation)]
    return tuple(dict.fromkeys(name for found in models for name in found.model_fields))


def _inside(annotation: Any, step: str | int) -> Iterator[Any]:
    """Yield the type of a field, of a list's entries or of a mapping's values."""
    for found in _models(annotation):
        field = found.model_fields.get(str(step))
        if field is not None:
            yield field.annotation
    for option in _options(annotation):
        if typing.get_origin(option) in {tuple, dict}:
            yield next(a for a in reversed(typing.get_args(option)) if a is not Ellipsis)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            yield option


def _options(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, or the annotation itself."""
    if typing.get_origin(annotation) is typing.Annotated:
        yield from _options(typing.get_args(annotation)[0])
    elif typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        for option in typing.get_args(annotation):
            yield from _options(option)
    else:
        yield annotation
