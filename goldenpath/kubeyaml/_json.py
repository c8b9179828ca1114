"""Objects of JSON whose keys are all different."""

from __future__ import annotations

from typing import Any

__all__ = ["DuplicateKeyError", "unique_keys"]


class DuplicateKeyError(ValueError):
    """An object of a JSON text has the same key twice."""


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, for ``object_pairs_hook``; Python alone would keep the last of two values without a word.

    Raises:
        DuplicateKeyError: a key is there twice.
    """
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise DuplicateKeyError(f"the key {key!r} is given twice")
        result[key] = value
    return result
