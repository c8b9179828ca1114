"""Comparison of the results of two readers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


def typed(value: Any) -> str:
    """``1`` and ``True`` are equal to Python and not to Kubernetes."""
    return json.dumps(value, sort_keys=True)


def outcome(reader: Callable[..., Any], text: str) -> Any:
    """Return the value of a reader, or its problems."""
    try:
        return typed(reader(text, name="x"))
    except InputError as refused:
        return refused.problems
