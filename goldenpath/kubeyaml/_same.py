"""Compares two YAML values."""

from __future__ import annotations

from typing import Any

__all__ = ["same"]


def same(before: Any, after: Any) -> bool:
    """Whether two YAML values are equal. Kubernetes distinguishes ``1``, ``1.0`` and ``true``; ``==`` in Python does not."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same, before, after))
    return type(before) is type(after) and bool(before == after)
