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

# The tags of unions, by field, which pydantic puts into locations and no person has written.
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


def _at_least(_: Any, context: dict[str, Any]) -> Wording:
    return "range", f"must be at least {_plain(context['ge'])}", _plain(context["ge"])


def _at_most(_: Any, context: dict[str, Any]) -> Wording:
    return "range", f"must be at most {_plain(context['le'])}", _plain(context["le"])


def _more_than(_: Any, context: dict[str, Any]) -> Wording:
    return "range", f"must be more than {_plain(context['gt'])}", None


def _too_few(_: Any, context: dict[str, Any]) -> Wording:
    return "length", f"must have at least {_entries(context['min_length'])}", None


def _too_many(_: Any, context: dict[str, Any]) -> Wording:
    return "length", f"must have at most {_entries(context['max_length'])}", None


def _too_long(_: Any, context: dict[str, Any]) -> Wording:
    return "length", f"must have at most {context['max_length']} characters", None


def _no_text(given: Any, _: dict[str, Any]) -> Wording:
    if isinstance(given, bool | int | float):
        return "type", "must be text; put it in quotes", None if isinstance(given, bool) else str(given)
    return "type", "must be text", None


def _in_own_words(_: Any, context: dict[str, Any]) -> Wording:
    return context["rule"], context["message"], context["nearest"]


def _type(message: str) -> Callable[[Any, dict[str, Any]], Wording]:
    return lambda _given, _context: ("type", message, None)


_WORDS: Final[dict[str, Callable[[Any, dict[str, Any]], Wording]]] = {
    "bool_type": _type("must be true or false, without quotes"),
    "date_type": _type("must be a date, as YYYY-MM-DD"),
    "dict_type": _type("must be a mapping"),
    "finite_number": _type("must be a finite number"),
    "float_type": _type("must be a number, without quotes"),
    "goldenpath": _in_own_words,
    "greater_than": _more_than,
    "greater_than_equal": _at_least,
    "int_from_float": _type("must be a whole number"),
    "int_type": _type("must be a whole number, without quotes"),
    "invalid_key": _type("must have a text as its key"),
    "less_than_equal": _at_most,
    "literal_error": _choice,
    "model_attributes_type": _type("must be a mapping"),
    "model_type": _type("must be a mapping"),
    "string_too_long": _too_long,
    "string_type": _no_text,
    "string_unicode": _type("must be text that can be written as UTF-8"),
    "too_long": _too_many,
    "too_short": _too_few,
    "tuple_type": _type("must be a list"),
}
"""By pydantic's type of error; the rule ids are ours, and outlive its versions."""


def locate(error: Any) -> Location:
    """Where the fault is, as a person would look for it."""
    location: Location = error["loc"]
    # Of an entry of a list, its number comes first.
    tag = 2 if len(location) > 1 and isinstance(location[1], int) else 1
    if len(location) > tag and location[tag] in _UNION_TAGS.get(str(location[0]), ()):
        location = (*location[:tag], *location[tag + 1 :])
    return location[:-1] if _is_about_a_key(error) else location


def _is_about_a_key(error: Any) -> bool:
    # A person may have written a field `[key]`, which then is one too many.
    return error["loc"][-1:] == (_KEY,) and error["type"] not in {"extra_forbidden", "missing"}


def problem_of(model: type[BaseModel], document: Any, error: Any) -> Problem:
    """The problem that an entry of a ``ValidationError`` of the model tells about the document."""
    location, kind = locate(error), error["type"]
    path = path_of(location)
    if kind == "missing":
        return Problem(path, "required", "is required")
    if kind == "extra_forbidden":
        names = _field_names(model, location[:-1])
        if location[-1] in names:  # of another variant than the one that pydantic took, which its tag names
            return Problem(path, "one-of", f"does not go with `{error['loc'][-2]}`; keep one")
        known = f"; known are {', '.join(names)}" if names else ""
        return Problem(
            path, "unknown-field", f"is not a field here{known}", nearest=nearest(location[-1], names)
        )
    given = location[-1] if _is_about_a_key(error) else value_at(document, location)
    words = _WORDS.get(kind)
    rule, message, near = words(given, error.get("ctx", {})) if words else ("invalid", error["msg"], None)
    if rule in UNREPEATABLE or _is_unrepeatable(given):
        return Problem(path, rule, message)  # the nearest value would repeat it too
    return Problem(path, rule, message, given, near)


def _is_unrepeatable(given: Any) -> bool:
    """Whole parts of a document, and what may hold a password, do not belong in a message."""
    return isinstance(given, dict | list | tuple) or (isinstance(given, str) and may_hold_a_secret(given))


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _entries(number: int) -> str:
    return "one entry" if number == 1 else f"{number} entries"


def _field_names(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """The fields that the model has at a location, for saying what is known there."""
    there: list[Any] = [model]
    for step in location:
        there = [inner for annotation in there for inner in _inside(annotation, step)]
    models = [found for annotation in there for found in _models(annotation)]
    return tuple(dict.fromkeys(name for found in models for name in found.model_fields))


def _inside(annotation: Any, step: str | int) -> Iterator[Any]:
    """What an annotation has behind a step: a field's type, or that of a list's entries or a mapping's values."""
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
    """An annotation, or those that it is a choice of."""
    if typing.get_origin(annotation) is typing.Annotated:
        yield from _options(typing.get_args(annotation)[0])
    elif typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        for option in typing.get_args(annotation):
            yield from _options(option)
    else:
        yield annotation
