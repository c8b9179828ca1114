"""Turns the answers to cookiecutter's questions into a request.

:func:`variables` maps each variable to a field of a request. :mod:`goldenpath.describe.cookiecutter_variables` writes the
questions from this mapping, and :func:`request_from_answers` the request, so the two agree.

A variable is one value, or a list with commas. For a list of objects (GPUs, egress), variables set the first entry only.
A request that needs more is a file, which the variable ``spec`` names.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.describe.schema_fields import FieldShape, SpecField, request_fields
from goldenpath.errors import InputError
from goldenpath.spec.hints import SHORT, Frontend
from goldenpath.spec.parsed_fields import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = ["AnswerVariable", "request_from_answers", "split_list", "variables"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_UNESCAPED_COMMA: Final = re.compile(r"(?<!\\),")
# The type of an attribute in a distinguished name (RFC 4514, section 2.3), with the equals sign.
_ATTRIBUTE: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+) ?=")
_BOOLEANS: Final = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}


@dataclass(frozen=True, slots=True)
class AnswerVariable:
    """A question, and the field that its answer sets; several fields where variants of a field share the name."""

    name: str
    fields: tuple[SpecField, ...]

    @property
    def location(self) -> Location:
        return self.fields[0].location


@lru_cache(maxsize=64)
def variables(path: GoldenPath) -> tuple[AnswerVariable, ...]:
    """Return the variables for the fields of a request, in the order of the request."""
    by_name: dict[str, list[SpecField]] = {}
    for name, field in _named_fields(request_fields(path), ""):
        by_name.setdefault(name, []).append(field)
    return tuple(AnswerVariable(name, tuple(fields)) for name, fields in by_name.items())


def _named_fields(fields: Iterable[SpecField], prefix: str) -> Iterator[tuple[str, SpecField]]:
    """Yield the fields that one answer can set, each with the name of its variable.

    The variable of an inner field has a prefix: the outer field's short name, or else its full name. So extra inputs
    always have a prefix, and a new field of a request never takes the name of an organisation's input.
    """
    for field in fields:
        if not field.is_asked_by(Frontend.COOKIECUTTER) or field.shape is FieldShape.MAP:
            continue
        if field.is_simple:
            yield f"{prefix}{field.name}", field
            continue
        short = field.schema.get(SHORT)
        inside = f"{prefix}{field.name}_" if short is None else f"{short}_" if short else ""
        yield from _named_fields(field.children, inside)


def request_from_answers(answers: Mapping[str, Any], path: GoldenPath) -> dict[str, Any]:
    """Build a request for the parser from cookiecutter's answers, which are text, by variable.

    An empty answer counts as missing, and unknown names are ignored. Text becomes a number only where the field is a
    number and the text can be read as one. The parser refuses any other text, with the path of the field.
    """
    request: dict[str, Any] = {"golden_path": path.major}
    if _is_given(cluster := answers.get("cluster")):
        request["clusters"] = [cluster]
    for variable in variables(path):
        answer = answers.get(variable.name)
        if _is_given(answer):
            _put(request, variable.location, _value(variable.fields[0], answer))
    return request


def _is_given(answer: Any) -> bool:
    return answer is not None and not (isinstance(answer, str) and not answer.strip())


def _value(field: SpecField, answer: Any) -> Any:
    if not isinstance(answer, str):
        return answer
    if field.shape is FieldShape.LIST:
        return [_scalar(field.entry, entry) for entry in split_list(answer, field.location)]
    return _scalar(field.shape, answer.strip())


def _read(text: str) -> Any:
    with contextlib.suppress(InputError):
        return kubeyaml.load(text, written=True)
    return None


def split_list(answer: str, location: Location) -> list[str]:
    """Split an answer into the entries of a list.

    Commas separate entries. A distinguished name, such as ``CN=Big Team,OU=Groups``, is one entry (RFC 4514). A list in
    brackets, such as ``["CN=Big Team,OU=Groups", "vision"]``, is unambiguous.

    Raises:
        InputError: the answer mixes distinguished names with other entries, so that its commas are ambiguous.

    """
    if answer.lstrip().startswith("[") and isinstance(entries := _read(answer), list):
        return [str(entry) for entry in entries]
    entries = [entry.strip() for entry in _UNESCAPED_COMMA.split(answer) if entry.strip()]
    named = [_ATTRIBUTE.match(entry) is not None for entry in entries]
    if len(entries) > 1 and all(named):
        return [answer.strip()]
    if len(entries) > 1 and any(named):
        message = (
            "has a distinguished name, whose commas could also separate entries; "
            'write a list in brackets, such as ["CN=Big Team,OU=Groups", "vision"]'
        )
        raise InputError.of(path_of(location), "list-with-commas", message, answer)
    return entries


def _scalar(shape: FieldShape, text: str) -> Any:
    # The YAML reader keeps the number as it is written, so that the parser refuses 0100 as ambiguous.
    if (shape is FieldShape.INTEGER and _INTEGER.fullmatch(text)) or (
        shape is FieldShape.NUMBER and _NUMBER.fullmatch(text)
    ):
        return _read(text)
    if shape is FieldShape.BOOLEAN:
        return _BOOLEANS.get(text.lower(), text)
    return text


def _put(request: dict[str, Any], location: Location, value: Any) -> None:
    """Set the value at a location, and create the missing mappings and one-entry lists above it."""
    node: Any = request
    for step, following in itertools.pairwise(location):
        if isinstance(step, int):
            node = node[step]
        else:
            node = node.setdefault(step, [{}] if isinstance(following, int) else {})
    node[location[-1]] = value
