"""One field that a change set sets or removes in many requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.kubeyaml.editing import with_change
from goldenpath.queries.field_paths import (
    AnyEntry,
    Append,
    FieldKey,
    Index,
    Match,
    as_text,
    parse_path,
    writable_locations,
)
from goldenpath.queries.schema_types import children, entries, mapping_values
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import value_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.queries.field_paths import Step
    from goldenpath.queries.schema_types import Shapes
    from goldenpath.spec.parsed_fields import Location

__all__ = ["Assignment"]

_FIXED = frozenset({"name", "tenant"})
"""The fields that identify a request: another name means another tenant."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A field and its new value. ``text`` is the value as a person wrote it, or None to remove the field."""

    path: str
    text: str | None
    steps: tuple[Step, ...]

    @classmethod
    def of_set(cls, written: str) -> Assignment:
        """Parse ``FIELD=VALUE``, such as ``gpus[profile=nvidia-a100-80gb].profile=nvidia-h100-80gb``.

        Raises:
            InputError: the value is missing, or the path is invalid.
        """
        end = _end_of_path(written)
        if end is None:
            message = "has no value; write FIELD=VALUE, such as environment=staging"
            raise InputError.of("--set", "no-value", message, written)
        path = written[:end].strip()
        return cls(path, written[end + 1 :].strip(), _steps(path, "--set"))

    @classmethod
    def of_unset(cls, path: str) -> Assignment:
        """Parse the path of a field to remove.

        Raises:
            InputError: the path is invalid.
        """
        return cls(path, None, _steps(path, "--unset"))

    def __str__(self) -> str:
        return f"{self.path}={self.text}" if self.text is not None else f"{self.path} removed"

    def problems(self, fields: Mapping[str, Shapes]) -> tuple[Problem, ...]:
        """The problem of a field that the requests of a golden path do not have, with the nearest name."""
        _, problem = self._shapes(fields)
        return () if problem is None else (problem,)

    def value(self, fields: Mapping[str, Shapes]) -> Any:
        """The new value: text if the field accepts only text, else the text parsed as YAML.

        Raises:
            InputError: the value contains a number that YAML 1.1 and YAML 1.2 read differently.
        """
        if self.text is None:
            return MISSING
        shapes, _ = self._shapes(fields)
        if shapes and all(shape.kind == "string" for shape in shapes):
            text = self.text
            quoted = len(text) > 1 and text[0] in "\"'" and text[0] == text[-1]
            return text[1:-1] if quoted else text
        try:
            value = kubeyaml.load(self.text, name="--set", written=True)
        except InputError:
            return self.text
        for _, number in kubeyaml.written_numbers(value):
            if kubeyaml.is_ambiguous(number):
                message = "is ambiguous: YAML 1.1 and YAML 1.2 read this number differently; write a plain decimal number"
                raise InputError.of(self.path, "ambiguous-number", message, number)
        return kubeyaml.plain(value)

    def _shapes(self, fields: Mapping[str, Shapes]) -> tuple[Shapes, Problem | None]:
        """The schemas of the field, empty if unknown, and the problem of an unknown field."""
        shapes: Shapes = ()
        known: Mapping[str, Shapes] | None = {name: each for name, each in fields.items() if name != "self"}
        for step in self.steps:
            if isinstance(step, FieldKey):
                if known is None:
                    return (), None
                if step.name not in known:
                    where = f"{shapes[0].path} has" if shapes else "a request has"
                    return (), self._unknown(f"{where} no field {step.name}", nearest(step.name, known))
                shapes = known[step.name]
            elif isinstance(step, Match | Index | AnyEntry | Append):
                if shapes and not entries(shapes):
                    return (), self._unknown(f"{shapes[0].path} is not a list", None)
                shapes = entries(shapes)
                problem = self._match_problem(step, shapes)
                if problem is not None:
                    return (), problem
            known = children(shapes) or None
            if known is None and shapes and mapping_values(shapes) is None and step is not self.steps[-1]:
                known = {} if not entries(shapes) else None
        return shapes, None

    def _match_problem(self, step: Step, shapes: Shapes) -> Problem | None:
        known = children(shapes)
        if not isinstance(step, Match) or not known:
            return None
        for field, text in step.wanted:
            if field not in known:
                return self._unknown(f"{shapes[0].path} has no field {field}", nearest(field, known))
            choices = [as_text(choice) for shape in known[field] for choice in shape.enum]
            if choices and all(shape.enum for shape in known[field]) and text not in choices:
                near = nearest(text, choices)
                if near is not None:
                    return self._unknown(f"{known[field][0].path} is never {text}", near)
        return None

    def _unknown(self, message: str, near: str | None) -> Problem:
        option = "--set" if self.text is not None else "--unset"
        return Problem(option, "unknown-field", message, self.path, near)

    def changes(self, document: Any, value: Any) -> list[tuple[Location, Any]]:
        """The changed locations of a document with their new values, in a valid order of application."""
        found = [
            location
            for location in writable_locations(document, self.steps)
            if self._differs(document, location, value)
        ]
        if value is MISSING:
            found.sort(key=_deepest_index_first, reverse=True)
        return [(location, value) for location in found]

    def _differs(self, document: Any, location: Location, value: Any) -> bool:
        present = value_at(document, location)
        return as_text(present) != as_text(value) if MISSING not in (present, value) else present is not value

    def applied(self, document: Any, value: Any) -> Any:
        """The document with the change."""
        for location, each in self.changes(document, value):
            document = with_change(document, location, each)
        return document


def _steps(path: str, option: str) -> tuple[Step, ...]:
    steps = parse_path(path, option=option)
    if len(steps) == 1 and isinstance(steps[0], FieldKey) and steps[0].name in _FIXED:
        message = f"cannot change: {steps[0].name} identifies the request"
        raise InputError.of(option, "fixed-field", message, path)
    return steps


def _deepest_index_first(location: Sequence[str | int]) -> tuple[int, ...]:
    return tuple(step for step in location if isinstance(step, int))


def _end_of_path(written: str) -> int | None:
    """The position of the first ``=`` outside of brackets, which separates path and value."""
    depth, quote = 0, ""
    for place, mark in enumerate(written):
        if quote:
            quote = "" if mark == quote else quote
        elif depth and mark in "\"'":
            quote = mark
        elif mark == "[":
            depth += 1
        elif mark == "]":
            depth -= 1
        elif mark == "=" and depth == 0:
            return place
    return None
