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
"""Fields that say which entry of a list one is; the others say how it is."""


def entry_name(entry: Any) -> str:
    """What an entry is known by: its naming fields, or all of it."""
    if not isinstance(entry, dict):
        return json.dumps(entry, sort_keys=True)
    naming = {key: entry[key] for key in _NAMING if key in entry}
    return json.dumps(naming or entry, sort_keys=True)


def entry_label(entry: Any) -> str:
    """What an entry is known by, as a path names it: ``profile=nvidia-h100-80gb``."""
    if not isinstance(entry, dict):
        return f"={entry}"
    naming = [key for key in _NAMING if key in entry]
    return f"{naming[0]}={entry[naming[0]]}" if naming else ""


def entry_names(entries: Sequence[Any]) -> dict[str, int] | None:
    """The place of each entry by its name; None where two have one name."""
    found = {entry_name(entry): number for number, entry in enumerate(entries)}
    return found if len(found) == len(entries) else None


def paired_entries(before: Sequence[Any], after: Sequence[Any]) -> dict[int, int]:
    """Which entry became which, by their places.

    One with the same name; else, in a list that is as long as it was, the one at the same place, whose name was changed.
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
