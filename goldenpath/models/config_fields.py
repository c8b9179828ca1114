"""Typed access to the fields of a published ``config.json``, which collects every problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConfigFields"]

_LARGEST: Final = 10**9
_MOST_PROBLEMS: Final = 20
_MOST_NAMES: Final = 20


class ConfigFields:
    """The fields of one object. A missing, null or invalid field has the default; an invalid one is also a problem."""

    def __init__(self, document: Mapping[str, Any], problems: list[Problem], prefix: str = "") -> None:
        self.document = document
        self.problems = problems
        self.prefix = prefix

    def __contains__(self, name: str) -> bool:
        return self.document.get(name) is not None

    def refuse(self, name: str, message: str, value: Any = MISSING) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(f"{self.prefix}{name}", "model-config", message, value))

    def integer(self, *names: str, default: int | None = None, least: int = 0) -> int | None:
        """Return the first of the fields that has a whole number."""
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
        """Return the first of the fields that has a positive whole number; record a problem and return 1 if all are missing."""
        before = len(self.problems)
        value = self.integer(*names, least=1)
        if value is None:
            if len(self.problems) == before:
                self.refuse(names[0], "is missing; give the config.json of the checkpoint, not of an adapter")
            return 1
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.document.get(name)
        return value if isinstance(value, bool) else default

    def text(self, name: str) -> str:
        """Return a text field; empty where the value is not text."""
        value = self.document.get(name)
        return value[:200] if isinstance(value, str) else ""

    def values(self, name: str, length: int) -> list[Any] | None:
        """Return a list with one value for each layer."""
        value = self.document.get(name)
        if not isinstance(value, list):
            return None
        if len(value) < length:
            self.refuse(name, f"must have one entry for each of the {length} layers, has {len(value)}")
            return None
        return value[:length]

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of names; empty where the value is not a list."""
        value = self.document.get(name)
        entries = value[:_MOST_NAMES] if isinstance(value, list) else []
        return tuple(each[:200] for each in entries if isinstance(each, str))

    def inner(self, name: str) -> ConfigFields:
        """Return a nested object; empty where the value is not an object."""
        value = self.document.get(name)
        return ConfigFields(value if isinstance(value, dict) else {}, self.problems, f"{self.prefix}{name}.")
