"""Moving refs, by compare-and-swap."""

from __future__ import annotations

from typing import NamedTuple


class RefUpdate(NamedTuple):
    """One ref's move. ``old`` is what it must be now, None where it must not be there; ``new`` None removes it."""

    ref: str
    new: str | None
    old: str | None
