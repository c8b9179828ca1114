"""Matches the items of several versions of a list by their keys."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Keyed", "by_key", "fingerprint", "selector"]

Keyed = dict[str, dict[str, Any]]
"""Items of one version of a list, by a token that matching items of all versions share."""


def fingerprint(value: Any) -> str:
    """Return the same text for equal values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def by_key(versions: Sequence[list[Any]], keys: Sequence[str]) -> list[Keyed] | None:
    """Return each version's items by key; None where an item has no key, or two items of one version have the same key.

    A key may have lists as values, such as the resources that a group covers. Items that share an entry then match.
    """
    if not keys or any(not isinstance(item, dict) for items in versions for item in items):
        return None
    token = _tokens([item for items in versions for item in items], keys)
    found: list[Keyed] = []
    for items in versions:
        by_token = {token(item): item for item in items}
        if len(by_token) != len(items) or "" in by_token:
            return None
        found.append(by_token)
    return found


def _tokens(items: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> Any:
    values = list(items)
    if len(keys) == 1 and values and all(isinstance(item.get(keys[0]), list) for item in values):
        return _SharedEntries(values, keys[0])

    def token(item: Mapping[str, Any]) -> str:
        given = [item.get(key) for key in keys]
        return "" if all(value is None for value in given) else fingerprint(given)

    return token


class _SharedEntries:
    """Gives one token to items whose lists share an entry, directly or through other items."""

    def __init__(self, items: list[Mapping[str, Any]], key: str) -> None:
        self._key = key
        self._parent: dict[str, str] = {}
        for item in items:
            entries = [fingerprint(entry) for entry in item[key]]
            for entry in entries:
                self._join(entries[0], entry)

    def __call__(self, item: Mapping[str, Any]) -> str:
        entries = item[self._key]
        return self._root(fingerprint(entries[0])) if entries else ""

    def _root(self, entry: str) -> str:
        while self._parent.setdefault(entry, entry) != entry:
            entry = self._parent[entry]
        return entry

    def _join(self, one: str, other: str) -> None:
        one, other = sorted((self._root(one), self._root(other)))
        self._parent[other] = one


def selector(item: Mapping[str, Any], keys: Sequence[str], among: Sequence[Any]) -> dict[str, Any] | None:
    """Return the fields that select an item by its key; None where the versions of the item share no key.

    Args:
        item: the item.
        keys: the key fields.
        among: all versions of the item, which the selector must match.
    """
    found: dict[str, Any] = {}
    for key in keys:
        value = item.get(key)
        if isinstance(value, list):
            entries: defaultdict[str, int] = defaultdict(int)
            for version in among:
                for entry in version.get(key) or ():
                    entries[fingerprint(entry)] += 1
            shared = [entry for entry in value if entries[fingerprint(entry)] == len(among)]
            if not shared:
                return None
            value = shared[:1]
        found[key] = value
    return found
