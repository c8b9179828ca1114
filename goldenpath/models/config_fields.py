"""Typed access to the fields of a foreign ``config.json``; collects every problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConfigFields"]

_LARGEST: Final = 10**9
_MANY_PROBLEMS: Final = 20
_MANY_NAMES: Final = 20


class ConfigFields:
    """The fields of one object; a field that is missing, null or wrong gives the default, and perhaps a problem."""

    def __init__(self, document: Mapping[str, Any], problems: list[Problem], prefix: str = "") -> None:
        self.document = document
        self.problems = problems
        self.prefix = prefix

    def __contains__(self, name: str) -> bool:
        return self.document.get(name) is not None

    def refuse(self, name: str, message: str, value: Any = MISSING) -> None:
        """Record a problem with the field."""
        if len(self.problems) < _MANY_PROBLEMS:
            self.problems.append(Problem(f"{self.prefix}{name}", "model-config", message, value))

    def integer(self, *names: str, default: int | None = None, least: int = 0) -> int | None:
        """The first of the fields that has a whole number."""
        for name in names:
            value = self.document.get(name)
            if value is None:
                continue
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _LARGEST:
                self.refuse(name, f"must be a whole number between {least} and {_LARGEST}", value)
                return default
            return int(value)
        return default

    def required(self, *names: str) -> int:
        """Like ``integer``, at least 1; records a problem and answers 1 where none of the fields is there."""
        before = len(self.problems)
        value = self.integer(*names, least=1)
        if value is None:
            if len(self.problems) == before:
                self.refuse(names[0], "is missing; give the config.json of the checkpoint, not of an adapter")
            return 1
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean field."""
        value = self.document.get(name)
        return value if isinstance(value, bool) else default

    def text(self, name: str) -> str:
        """A text field; empty where it is not text."""
        value = self.document.get(name)
        return value[:200] if isinstance(value, str) else ""

    def values(self, name: str, length: int) -> list[Any] | None:
        """A list with one value for each layer."""
        value = self.document.get(name)
        if not isinstance(value, list):
            return None
        if len(value) < length:
            self.refuse(name, f"must have one entry for each of the {length} layers, has {len(value)}")
            return None
        return value[:length]

    def names(self, name: str) -> tuple[str, ...]:
        """A list of names; empty where it is not a list."""
        value = self.document.get(name)
        there = value if isinstance(value, list) else []
        return tuple(each[:200] for each in there[:_MANY_NAMES] if isinstance(each, str))

    def inner(self, name: str) -> ConfigFields:
        """A nested object; empty where it is not an object."""
        value = self.document.get(name)
        return ConfigFields(value if isinstance(value, dict) else {}, self.problems, f"{self.prefix}{name}.")
