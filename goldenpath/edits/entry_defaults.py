"""Finds fields that a new version adds to every entry of a list, and that entries of overrides lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LackingDefault", "lacking_defaults"]

_NAMES: Final = ("name", "key", "type", "kind")
"""Fields by which Kubernetes distinguishes the entries of a list, the most common first."""


@dataclass(frozen=True, slots=True)
class LackingDefault:
    """An entry that an override adds, and a field that it lacks."""

    entry: str
    """The entry: ``spec.template.spec.containers[name=proxy]``."""
    field: str
    """The field inside it: ``securityContext.readOnlyRootFilesystem``."""


def lacking_defaults(old: Any, new: Any, whole: Any) -> tuple[LackingDefault, ...]:
    """Return the entries that overrides add to lists of an object, with each field that only they lack.

    Args:
        old: the object that the old version renders, without overrides.
        new: the object that the new version renders, without overrides.
        whole: the object that the new version renders, with overrides.
    """
    return tuple(_in_object("", old, new, whole))


def _in_object(path: str, old: Any, new: Any, whole: Any) -> Iterator[LackingDefault]:
    if all(isinstance(each, dict) for each in (old, new, whole)):
        for key in new:
            if key in old and key in whole:
                yield from _in_object(f"{path}.{key}" if path else key, old[key], new[key], whole[key])
    elif all(isinstance(each, list) and each for each in (old, new, whole)):
        name = next(
            (
                each
                for each in _NAMES
                if all(_are_distinct_by(entries, each) for entries in (old, new, whole))
            ),
            None,
        )
        if name is not None:
            yield from _in_list(path, name, old, new, whole)


def _in_list(
    path: str, name: str, old: list[Any], new: list[Any], whole: list[Any]
) -> Iterator[LackingDefault]:
    before, after, overridden = ({entry[name]: entry for entry in entries} for entries in (old, new, whole))
    defaults = set.intersection(*(set(_fields(entry)) for entry in new))
    defaults -= set().union(*(set(_fields(entry)) for entry in old))
    for key, entry in overridden.items():
        if key in after:
            if key in before:
                yield from _in_object(f"{path}[{name}={key}]", before[key], after[key], entry)
            continue
        missing = defaults - set(_fields(entry))
        yield from (LackingDefault(f"{path}[{name}={key}]", field) for field in sorted(missing))


def _are_distinct_by(entries: list[Any], name: str) -> bool:
    found = [entry.get(name) for entry in entries if isinstance(entry, dict)]
    return len({each for each in found if isinstance(each, str)}) == len(entries)


def _fields(entry: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of an entry's fields, down to values and lists."""
    if not isinstance(entry, dict) or not entry:
        yield path
        return
    for key, value in entry.items():
        yield from _fields(value, f"{path}.{key}" if path else str(key))
