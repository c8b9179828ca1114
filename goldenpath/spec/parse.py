"""Parses a document to a spec, or reports all its problems at once.

Problems come from three layers: the types of fields (pydantic), the rules between fields, and the rules between the
document and its surroundings (:class:`~goldenpath.spec.document_model.Document`). pydantic skips its *after* validators
as soon as one field fails. The rules therefore run here, on the fields that parsed.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import MAX_PROBLEMS, InputError, Problem, more_problems
from goldenpath.spec.document_model import ALONE, RULES_FOLLOW, Document, Surroundings
from goldenpath.spec.fleet_spec import FleetSpec
from goldenpath.spec.parsed_fields import Fields, path_of
from goldenpath.spec.pydantic_errors import locate, problem_of
from goldenpath.spec.rules import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from goldenpath.spec.parsed_fields import Location

__all__ = ["parse_fleet", "parse_request"]

D = TypeVar("D", bound=Document)


def parse_request(
    model: type[D],
    document: Any,
    around: Surroundings = ALONE,
    *,
    check_inputs: Callable[[Any], Iterable[Problem]] | None = None,
    file: str | None = None,
) -> D:
    """Parse a document that was read from YAML or JSON, or sent by a form.

    Args:
        model: the kind of document.
        document: plain values.
        around: the fleet and the tenants that rules compare the document with.
        check_inputs: the golden path's own check of its extra inputs.
        file: named in each problem.

    Raises:
        InputError: with every problem, in the order of the document.

    """

    def rules(fields: Fields) -> Iterator[Problem]:
        yield from model.problems(fields, around)
        if check_inputs is not None and not fields.was_refused("inputs"):
            yield from check_inputs(fields.get("inputs") if fields.has("inputs") else {})

    if not isinstance(document, dict):
        message = f"must be a mapping with the fields of the {model.noun}"
        raise InputError.of("", "type", message, file=file)
    written = list(kubeyaml.written_numbers(document))
    values = kubeyaml.plain(document) if written else document
    ambiguous = {location: number for location, number in written if kubeyaml.is_ambiguous(number)}
    faults: list[tuple[Location, Callable[[], Problem]]] = []
    try:
        spec = model.model_validate(values, context=RULES_FOLLOW)
        if not ambiguous and not (problems := list(rules(Fields(values)))):
            return spec
    except ValidationError as error:
        for entry in error.errors(include_url=False, include_input=False):
            location = locate(entry)
            if location in ambiguous:
                # A text field needs quotes; the suggested value is the number as it was written.
                if entry["type"] != "string_type":
                    continue
                del ambiguous[location]
            faults.append((location, partial(problem_of, model, document, entry)))
    faults += [(at, partial(_ambiguous_number, at, number)) for at, number in ambiguous.items()]
    if faults:
        problems = list(rules(Fields(values, [location for location, _ in faults if location])))
    raise InputError(
        problem.in_file(file) if file else problem for problem in _in_order(document, faults, problems)
    )


def parse_fleet(document: Any, *, file: str | None = None) -> FleetSpec:
    """Parse a fleet, as :func:`parse_request` does."""
    return parse_request(FleetSpec, document, file=file)


def _ambiguous_number(location: Location, number: Any) -> Problem:
    message = "is ambiguous: YAML 1.1 and YAML 1.2 read this number differently; write a plain decimal number"
    return Problem(path_of(location), "ambiguous-number", message, number)


def _in_order(
    document: Any, faults: list[tuple[Location, Callable[[], Problem]]], problems: list[Problem]
) -> Iterator[Problem]:
    """Yield the first hundred problems in the order of the document, without repeats, and the number of the others.

    The message of a fault is written only for these. So an input with a hundred thousand faults costs little more
    than finding them.
    """
    position = _positions(document)
    entries: list[tuple[tuple[int, int], Problem | Callable[[], Problem]]] = [
        *((position(path_of(location)), fault) for location, fault in faults),
        *((position(problem.path), problem) for problem in problems),
    ]
    entries.sort(key=lambda entry: entry[0])
    seen: set[tuple[str, str, str]] = set()
    for number, (_, entry) in enumerate(entries):
        if len(seen) == MAX_PROBLEMS:
            yield more_problems(len(entries) - number)
            return
        problem = entry if isinstance(entry, Problem) else entry()
        key = (problem.path, problem.rule, problem.message)
        if key not in seen:
            seen.add(key)
            yield problem


def _positions(document: Any) -> Callable[[str], tuple[int, int]]:
    """Return a sort key for paths, from the top of the document to its end. A missing field comes last in its mapping."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}

    def walk(node: Any, location: Location) -> None:
        path = path_of(location)
        first.setdefault(path, len(first))
        if len(location) > DEEPEST:  # a deeper problem takes the position of the value that holds it
            pass
        elif isinstance(node, dict):
            for key, value in node.items():
                walk(value, (*location, str(key)))
        elif isinstance(node, list | tuple):
            for index, value in enumerate(node):
                walk(value, (*location, index))
        last[path] = len(first)

    def position(path: str) -> tuple[int, int]:
        if path in first:
            return first[path], 0
        while path not in last:
            path = re.sub(r"(^|\.)[^.\[]*$|\[[^\[]*$", "", path)
        return last[path], 1

    walk(document, ())
    return position
