"""Extra inputs that a golden path declares in JSON Schema, so that an organisation needs no Python for its own fields."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn

import jsonschema_rs

from goldenpath.errors import DataError, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ExtraInputs"]

_MESSAGE_CHARS: Final = 200


class ExtraInputs:
    """The schema of extra inputs, their defaults, and the check of given inputs. Unknown inputs are refused."""

    def __init__(self, schema: Mapping[str, Any], *, place: str) -> None:
        """Take the JSON Schema (2020-12) of an object; ``place`` names it in errors.

        Raises:
            DataError: the schema is invalid, does not describe an object, refers to another file or URL, or refuses its
                own default.
        """
        if schema and schema.get("type", "object") != "object":
            raise DataError(f"{place}: inputs: must be the JSON Schema of an object")
        closed = {"type": "object", **copy.deepcopy(dict(schema)), "additionalProperties": False}
        self.schema: dict[str, Any] = closed
        self.schema.setdefault("properties", {})
        self._validator = _validator(self.schema, place)
        optional = _validator({**self.schema, "required": []}, place)
        for refused in optional.iter_errors(self.defaults):
            name = refused.instance_path[0] if refused.instance_path else ""
            raise DataError(f"{place}: inputs: the default of {name!r} is refused: {_plain(refused.message)}")

    def __bool__(self) -> bool:
        return bool(self.schema["properties"])

    @cached_property
    def defaults(self) -> dict[str, Any]:
        declared = self.schema["properties"].items()
        return {
            name: entry["default"]
            for name, entry in declared
            if isinstance(entry, dict) and "default" in entry
        }

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all inputs: the given value, or else the default, or else None."""
        return dict.fromkeys(self.schema["properties"]) | copy.deepcopy(self.defaults) | dict(given)

    def problems(self, given: Any) -> Iterator[Problem]:
        """Yield every problem of the given inputs."""
        try:
            errors = tuple(self._validator.iter_errors(given))
        except ValueError as error:  # the value is not JSON
            yield Problem("inputs", "input", f"must be plain data: {_plain(str(error))}")
            return
        for found in errors:
            yield from self._problem(found)

    def _problem(self, error: jsonschema_rs.ValidationError) -> Iterator[Problem]:
        location, kind = ("inputs", *error.instance_path), error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            known = tuple(self.schema["properties"]) if len(location) == 1 else ()
            offer = f"; the inputs are {', '.join(known)}" if known else ""
            for name in kind.unexpected:
                path, near = path_of((*location, name)), nearest(name, known)
                yield Problem(
                    path, "unknown-input", f"is not an input of the golden path{offer}", nearest=near
                )
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            yield Problem(path_of((*location, kind.property)), "required", "is required")
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Enum):
            options = tuple(str(option) for option in kind.options)
            near, message = nearest(error.instance, options), f"must be one of {', '.join(options)}"
            yield Problem(path_of(location), "choice", message, error.instance, near)
        else:
            yield Problem(path_of(location), "input", _plain(error.message), error.instance)


def _validator(schema: dict[str, Any], place: str) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, retriever=_refuse_reference)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise DataError(f"{place}: inputs: {_plain(str(error))}") from None


def _refuse_reference(address: str) -> NoReturn:
    """Refuse to load another file or URL, because the metadata of a golden path is complete in one file."""
    raise ValueError(f"{address} is not in this file")


def _plain(message: str) -> str:
    """Return the message of a library as one short, printable line, because it may quote hostile text."""
    line = " ".join(message.split())
    text = line if line.isprintable() else ascii(line)[1:-1]
    return text if len(text) <= _MESSAGE_CHARS else f"{text[: _MESSAGE_CHARS - 1]}…"
