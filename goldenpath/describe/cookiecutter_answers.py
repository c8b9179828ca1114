"""Answers to a list of questions, as cookiecutter asks them, and the request that they make.

:func:`variables` says which field of a request each variable stands for;
:mod:`goldenpath.describe.cookiecutter_variables` makes the questions from it, and :func:`request_from_answers` the
request, so that they cannot drift apart.

A variable is one value or a list with commas; of a list of things (GPUs, egress) it can say the first. What
needs more is said in a request file, which the variable ``spec`` names.
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
from goldenpath.spec.hints import SHORT, Door
from goldenpath.spec.parsed_fields import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = ["AnswerVariable", "request_from_answers", "split_list", "variables"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_UNESCAPED_COMMA: Final = re.compile(r"(?<!\\),")
# The type of an attribute in a distinguished name (RFC 4514, section 2.3), and its equals sign.
_ATTRIBUTE: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+) ?=")
_BOOLEANS: Final = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}


@dataclass(frozen=True, slots=True)
class AnswerVariable:
    """A question, and the field that its answer goes to; several where the shapes of a field share it."""

    name: str
    fields: tuple[SpecField, ...]

    @property
    def location(self) -> Location:
        return self.fields[0].location


@lru_cache(maxsize=64)
def variables(path: GoldenPath) -> tuple[AnswerVariable, ...]:
    """The variables that stand for fields of a request, in the order of the request."""
    by_name: dict[str, list[SpecField]] = {}
    for name, field in _named(request_fields(path), ""):
        by_name.setdefault(name, []).append(field)
    return tuple(AnswerVariable(name, tuple(fields)) for name, fields in by_name.items())


def _named(fields: Iterable[SpecField], prefix: str) -> Iterator[tuple[str, SpecField]]:
    """Fields that one answer can stand for, each with the name of its variable.

    A field inside another has that one's short name before its own, else the whole place. So extra inputs always have
    a prefix, and a field that is new in a request never takes an organisation's name.
    """
    for field in fields:
        if not field.is_asked_by(Door.COOKIECUTTER) or field.shape is FieldShape.MAP:
            continue
        if field.is_simple:
            yield f"{prefix}{field.name}", field
            continue
        short = field.schema.get(SHORT)
        inside = f"{prefix}{field.name}_" if short is None else f"{short}_" if short else ""
        yield from _named(field.children, inside)


def request_from_answers(answers: Mapping[str, Any], path: GoldenPath) -> dict[str, Any]:
    """The request, as a document for the parser, that answers make.

    An empty answer counts as missing, and unknown names are ignored. Text becomes a number only where
    the field wants one and it reads as one; anything else is left for the parser to refuse, with its path.

    Args:
        answers: by variable, as cookiecutter gives them: text.
        path: a golden path for tenants.

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
    """The entries of a list that stands in one answer.

    Entries are separated by commas. A distinguished name, such as ``CN=Big Team,OU=Groups``, is one entry
    (RFC 4514). A list in brackets, such as ``["CN=Big Team,OU=Groups", "vision"]``, says it exactly.

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
            "holds a distinguished name, whose commas could also separate entries; "
            'write a list in brackets, such as ["CN=Big Team,OU=Groups", "vision"]'
        )
        raise InputError.of(path_of(location), "list-with-commas", message, answer)
    return entries


def _scalar(shape: FieldShape, text: str) -> Any:
    # Read as YAML, so that 0100 is refused as ambiguous here too.
    if (shape is FieldShape.INTEGER and _INTEGER.fullmatch(text)) or (
        shape is FieldShape.NUMBER and _NUMBER.fullmatch(text)
    ):
        return _read(text)
    if shape is FieldShape.BOOLEAN:
        return _BOOLEANS.get(text.lower(), text)
    return text


def _put(request: dict[str, Any], location: Location, value: Any) -> None:
    """Set the value at a location, making the mappings and one-entry lists on the way."""
    node: Any = request
    for step, following in itertools.pairwise(location):
        if isinstance(step, int):
            node = node[step]
        else:
            node = node.setdefault(step, [{}] if isinstance(following, int) else {})
    node[location[-1]] = value
