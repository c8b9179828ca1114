"""Reads JSON objects, and refuses repeated keys."""

from __future__ import annotations

from typing import Any

__all__ = ["DuplicateKeyError", "unique_keys"]


class DuplicateKeyError(ValueError):
    """An object of a JSON text has the same key twice."""


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object for ``object_pairs_hook``. Without this hook, Python silently keeps the last of two values.

    Raises:
        DuplicateKeyError: a key appears twice.
    """
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise DuplicateKeyError(f"the key {key!r} is given twice")
        result[key] = value
    return result
