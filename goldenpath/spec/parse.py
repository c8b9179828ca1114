"""From a document to a spec, or to every problem that it has at once.

Three layers speak together: the fields' own types (pydantic), the rules between fields
(:mod:`~goldenpath.spec.rules`) and the rules of the fleet (:mod:`~goldenpath.spec.fleet_rules`). pydantic's
own *after* validators would stay silent as soon as one field has failed; so the rules run here, on the
fields that parsed.
"""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.spec.fields import Fields, Location, path_of, value_at
from goldenpath.spec.fleet import Fleet
from goldenpath.spec.fleet_rules import fleet_problems, placement_problems
from goldenpath.spec.nearest import nearest
from goldenpath.spec.rules import request_problems
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["parse_fleet", "parse_tenant"]

S = TypeVar("S", bound=BaseModel)

# The tags of the Source union, which pydantic puts into locations and no person has written.
_UNION_TAGS = frozenset({"git", "oci"})


def parse_tenant(
    document: Any,
    *,
    fleet: Fleet | None = None,
    check_inputs: Callable[[Any], Iterable[Problem]] | None = None,
    file: str | None = None,
) -> Tenant:
    """The request that a document holds.

    Args:
        document: what was read from YAML or JSON, or came from a form.
        fleet: with it, the rules of the fleet hold too.
        check_inputs: the golden path's own check of its extra inputs.
        file: named in each problem.

    Raises:
        InputError: with every problem.

    """

    def rules(fields: Fields) -> Iterator[Problem]:
        yield from request_problems(fields)
        if fleet is not None:
            yield from placement_problems(fields, fleet)
        if check_inputs is not None:
            given = fields.get("inputs")
            yield from check_inputs({} if given is MISSING else given)

    return _parse(Tenant, document, rules, file)


def parse_fleet(document: Any, *, file: str | None = None) -> Fleet:
    """The fleet that a document holds.

    Raises:
        InputError: with every problem.

    """
    return _parse(Fleet, document, fleet_problems, file)


def _parse(
    model: type[S], document: Any, rules: Callable[[Fields], Iterable[Problem]], file: str | None
) -> S:
    if not isinstance(document, dict):
        raise InputError.of(
            "",
            "type",
            f"must be a mapping that says what the {model.__name__.lower()} is",
            document,
            file=file,
        )
    try:
        spec, errors = model.model_validate(document), []
    except ValidationError as error:
        spec, errors = None, list(_given_locations(error, document))
    failed = [location for location, _ in errors]
    problems = [
        _problem(model, document, location, error)
        for location, error in errors
        if error["type"] != "goldenpath_rules"
    ]
    problems += rules(Fields(document, failed=(location for location in failed if location)))
    if problems:
        told = [problem.in_file(file) if file else problem for problem in _without_repeats(problems)]
        raise InputError(sorted(told, key=lambda problem: _position(document, problem.path)))
    if spec is None:  # only the model's own run of the rules failed, and here they all passed
        raise AssertionError("the rules must give the same answer in the model and in the parser")
    return spec


def _given_locations(error: ValidationError, document: Any) -> Iterator[tuple[Location, Any]]:
    for entry in error.errors(include_url=False, include_input=False):
        location = entry["loc"]
        if len(location) > 1 and location[0] == "source" and location[1] in _UNION_TAGS:
            location = (location[0], *location[2:])
        if location and location[-1] == "[key]":
            location = location[:-1]
        yield location, entry


def _problem(model: type[BaseModel], document: Any, location: Location, error: Any) -> Problem:
    path, given = path_of(location), value_at(document, location)
    context = error.get("ctx", {})
    match error["type"]:
        case "goldenpath":
            value = MISSING if context["rule"] == "credentials-in-url" else given
            return Problem(path, context["rule"], context["message"], value, context["nearest"])
        case "missing":
            return Problem(path, "required", "is required")
        case "extra_forbidden":
            names = _field_names(model, location[:-1])
            known = f"; known are {', '.join(names)}" if names else ""
            return Problem(
                path, "unknown-field", f"is no field here{known}", MISSING, nearest(location[-1], names)
            )
        case "literal_error":
            choices = [choice.strip("'") for choice in context["expected"].replace(" or ", ", ").split(", ")]
            return Problem(
                path, "choice", f"must be one of {', '.join(choices)}", given, nearest(given, choices)
            )
        case kind:
            message = error["msg"].removeprefix("Input should be ").removeprefix("Input should ")
            return Problem(
                path,
                kind.replace("_", "-"),
                f"must be {message}" if message != error["msg"] else message,
                given,
            )


def _field_names(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """The fields that the model has at a location, for saying what is known there."""
    current: Any = model
    for step in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(step))
            current = field.annotation if field else None
        else:
            current = _inner(current)
    models = list(_models(current))
    return tuple(dict.fromkeys(name for found in models for name in found.model_fields))


def _inner(annotation: Any) -> Any:
    arguments = [a for a in typing.get_args(annotation) if a not in (Ellipsis, types.NoneType)]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        return next((_inner(a) for a in arguments if typing.get_args(a)), None)
    return arguments[-1] if arguments else None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


def _without_repeats(problems: Iterable[Problem]) -> Iterator[Problem]:
    seen = set()
    for problem in problems:
        key = (problem.path, problem.rule, problem.message)
        if key not in seen:
            seen.add(key)
            yield problem


def _position(document: dict[str, Any], path: str) -> tuple[int, str]:
    """Problems in the order in which a person wrote the fields."""
    first = path.split(".", 1)[0].split("[", 1)[0]
    keys = [str(key) for key in document]
    return (keys.index(first) if first in keys else len(keys), path)
