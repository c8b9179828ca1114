"""Names of list entries, so that a difference names the entry and not its position."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["entry_names"]

_NAME_FIELDS: Final = (("name",), ("key",), ("type",), ("kind",), ("id",), ("alert", "record"))
"""Fields by which Kubernetes distinguishes entries, the most common first. A rule has either ``alert`` or ``record``."""

Names = list[str]


def entry_names(
    before: Sequence[Any], after: Sequence[Any], keys: tuple[str, ...] = ()
) -> tuple[Names, Names] | None:
    """Return a name for each entry of two versions of a list, such as ``name=server``; None where names are not unique.

    Prometheus rules may repeat a name. Their names then include the labels that differ
    (``record=latency,goal=first-token``).

    Args:
        before: the old version of the list.
        after: the new version of the list.
        keys: the key fields in the list's API, for entries without a name.
    """
    if not all(isinstance(entry, dict) for entry in chain(before, after)):
        return None
    for fields in _NAME_FIELDS:
        old, new = _named_by(before, fields), _named_by(after, fields)
        if old is None or new is None:
            continue
        if _are_distinct(old, new):
            return old, new
        if _are_distinct(*(labelled := _with_labels((before, after), (old, new)))):
            return labelled
    if keys:
        old, new = ([_by_keys(entry, keys) for entry in entries] for entries in (before, after))
        return (old, new) if _are_distinct(old, new) else None
    return None


def _named_by(entries: Sequence[dict[str, Any]], fields: tuple[str, ...]) -> Names | None:
    """Name each entry by the first of the fields that it has; None where an entry has none of them as text."""
    names = []
    for entry in entries:
        field = next((field for field in fields if isinstance(entry.get(field), str)), None)
        if field is None:
            return None
        names.append(f"{field}={entry[field]}")
    return names


def _are_distinct(*names: Names) -> bool:
    return all(len(set(each)) == len(each) for each in names)


def _with_labels(
    lists: tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]], names: tuple[Names, Names]
) -> tuple[Names, Names]:
    distinct: dict[str, set[str]] = defaultdict(set)
    for entries, own in zip(lists, names, strict=True):
        alike: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry, name in zip(entries, own, strict=True):
            alike[name].append(_labels(entry))
        for name, labels in alike.items():
            for key in set(chain.from_iterable(labels)):
                if len({str(each.get(key)) for each in labels}) > 1:
                    distinct[name].add(key)
    old, new = (
        [
            name + "".join(f",{key}={labels[key]}" for key in sorted(distinct[name]) if key in labels)
            for name, labels in zip(own, map(_labels, entries), strict=True)
        ]
        for entries, own in zip(lists, names, strict=True)
    )
    return old, new


def _labels(entry: dict[str, Any]) -> dict[str, Any]:
    labels = entry.get("labels")
    return labels if isinstance(labels, dict) else {}


def _by_keys(entry: dict[str, Any], keys: tuple[str, ...]) -> str:
    return ",".join(f"{key}={entry[key]}" for key in keys if isinstance(entry.get(key), str | int))
