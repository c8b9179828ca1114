"""Suggests the valid value that is closest to a mistyped one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(value: object, choices: Iterable[str]) -> str | None:
    """Return the closest of the choices, ignoring case; None where no choice is close."""
    if not isinstance(value, str):
        return None
    by_folded = {choice.casefold(): choice for choice in choices}
    match = difflib.get_close_matches(value.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return by_folded[match[0]] if match else None
