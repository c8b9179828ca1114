"""Matches list entries of two versions of a document by their names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["entry_label", "entry_name", "entry_names", "paired_entries"]

_NAMING: Final = (
    "name", "kind", "profile", "pool", "clusters", "policy", "host", "cidr", "port", "end_port", "protocol", "key", "id",
)  # fmt: skip
"""Fields that identify an entry of a list."""


def entry_name(entry: Any) -> str:
    """The identity of an entry as JSON: its naming fields, or the whole entry."""
    if not isinstance(entry, dict):
        return json.dumps(entry, sort_keys=True)
    naming = {key: entry[key] for key in _NAMING if key in entry}
    return json.dumps(naming or entry, sort_keys=True)


def entry_label(entry: Any) -> str:
    """The identity of an entry as a field path writes it: ``profile=nvidia-h100-80gb``."""
    if not isinstance(entry, dict):
        return f"={entry}"
    naming = [key for key in _NAMING if key in entry]
    return f"{naming[0]}={entry[naming[0]]}" if naming else ""


def entry_names(entries: Sequence[Any]) -> dict[str, int] | None:
    """The place of each entry, by its name; None where two entries share a name."""
    found = {entry_name(entry): number for number, entry in enumerate(entries)}
    return found if len(found) == len(entries) else None


def paired_entries(before: Sequence[Any], after: Sequence[Any]) -> dict[int, int]:
    """The new place of each entry, by its old place.

    Entries with the same name are a pair. In lists of equal length, two unpaired entries at the same place are a renamed pair.
    """
    places = {entry_name(entry): number for number, entry in enumerate(after)}
    pairs = {
        number: places[entry_name(entry)]
        for number, entry in enumerate(before)
        if entry_name(entry) in places
    }
    if len(before) == len(after):
        taken = set(pairs.values())
        pairs |= {
            number: number for number in range(len(before)) if number not in pairs and number not in taken
        }
    return pairs
