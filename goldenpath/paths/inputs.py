"""Extra inputs that a golden path declares in JSON Schema: an organisation's own words, without Python."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from goldenpath.errors import DataError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ExtraInputs"]


class ExtraInputs:
    """A closed object of extra inputs: its schema, its defaults, and the check of what was given."""

    def __init__(self, schema: Mapping[str, Any], *, place: str) -> None:
        """Take a JSON Schema (2020-12) of an object; ``place`` names it in errors.

        Raises:
            DataError: the schema is none, or describes no object.

        """
        if schema and schema.get("type", "object") != "object":
            raise DataError(f"{place}: inputs: must be the JSON Schema of an object")
        self.schema: dict[str, Any] = {
            "type": "object",
            **copy.deepcopy(dict(schema)),
            "additionalProperties": False,
        }
        self.schema.setdefault("properties", {})
        try:
            self._validator = jsonschema_rs.Draft202012Validator(self.schema, validate_formats=True)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            raise DataError(f"{place}: inputs: {error}") from None

    def __bool__(self) -> bool:
        return bool(self.schema["properties"])

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Values of the inputs that have a default."""
        return {
            name: entry["default"] for name, entry in self.schema["properties"].items() if "default" in entry
        }

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What was given, with the defaults for the rest; an input with neither is ``None``."""
        return dict.fromkeys(self.schema["properties"]) | self.defaults | dict(given)

    def problems(self, given: Any) -> Iterator[Problem]:
        """Everything that is wrong with what was given."""
        known = tuple(self.schema["properties"])
        for error in self._validator.iter_errors(given):
            path = "inputs" + "".join(
                f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
            )
            kind = error.kind
            if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
                for name in kind.unexpected:
                    choices = (
                        f"; known are {', '.join(known)}"
                        if known
                        else ": this golden path has no extra inputs"
                    )
                    yield Problem(
                        f"{path}.{name}",
                        "unknown-input",
                        f"is no input here{choices}",
                        nearest=nearest(name, known),
                    )
            elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
                yield Problem(f"{path}.{kind.property}", "required", "is required")
            else:
                yield Problem(path, "input", error.message, error.instance)
