"""Compares two states of an object, field by field. Pure.

The same server has defaulted both states, so a default is no difference. Metadata that the server maintains is left
out, and so is `status`.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.edits.entry_names import entry_names
from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["FieldDifference", "Item", "Path", "comparable", "differences", "path_text"]

_SERVER_METADATA: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation with a copy of the whole object, including the values of a Secret."""

_MASK: Final = "(secret)"
_BEFORE: Final = "(secret, before)"
_AFTER: Final = "(secret, after)"
_SIMPLE_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list: the item's index, its label in paths, and its value."""

    index: int
    label: str
    value: Any


Path = tuple["str | Item", ...]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field with both of its values; ``MISSING`` if absent."""

    path: Path
    before: Any
    after: Any


def comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an object that a request determines."""
    metadata = {
        key: value for key, value in (body.get("metadata") or {}).items() if key not in _SERVER_METADATA
    }
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key != _LAST_APPLIED
    }
    if "annotations" in metadata:
        metadata["annotations"] = annotations
    if not annotations:
        metadata.pop("annotations", None)
    rest = {key: value for key, value in body.items() if key not in {"metadata", "status"}}
    return {**rest, "metadata": metadata}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldDifference, ...]:
    """Return every field that differs between two states of an object; the values of a Secret are masked."""
    found = _compare((), comparable(before), comparable(after))
    if after.get("kind") == "Secret":
        return tuple(_mask_secret(difference) for difference in found)
    return tuple(found)


def _mask_secret(difference: FieldDifference) -> FieldDifference:
    if difference.path and difference.path[0] not in {"data", "stringData"}:
        return difference
    before, after = difference.before, difference.after
    both = before is not MISSING and after is not MISSING
    return FieldDifference(
        difference.path,
        before if before is MISSING else _mask(before, _BEFORE if both else _MASK),
        after if after is MISSING else _mask(after, _AFTER if both else _MASK),
    )


def _mask(value: Any, mask: str) -> Any:
    """Mask the values. The keys are not secret, and a reviewer needs them."""
    return dict.fromkeys(value, mask) if isinstance(value, dict) else mask


def _compare(path: Path, before: Any, after: Any) -> Iterator[FieldDifference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _compare((*path, key), before.get(key, MISSING), after.get(key, MISSING))
    elif isinstance(before, list) and isinstance(after, list):
        names = entry_names(before, after)
        yield from (
            _compare_lists(path, before, after)
            if names is None
            else _compare_named_lists(path, before, after, *names)
        )
    elif not _is_equal(before, after):
        yield FieldDifference(path, before, after)


def _is_equal(before: Any, after: Any) -> bool:
    """Whether two values are equal and of one type, since ``True == 1`` in Python."""
    return before is after or (type(before) is type(after) and bool(before == after))


def _compare_named_lists(
    path: Path, before: Sequence[Any], after: Sequence[Any], old_names: list[str], new_names: list[str]
) -> Iterator[FieldDifference]:
    sides = [
        {name: (index, item) for index, (name, item) in enumerate(zip(names, items, strict=True))}
        for names, items in ((old_names, before), (new_names, after))
    ]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        index, item = sides[0].get(name) or sides[1][name]
        old, new = (side[name][1] if name in side else MISSING for side in sides)
        yield from _compare((*path, Item(index, name, item)), old, new)
    common = [[name for name in side if name in sides[0] and name in sides[1]] for side in sides]
    if common[0] != common[1]:
        yield FieldDifference(
            path, *([name.partition("=")[2] for name in names] for names in (old_names, new_names))
        )


def _compare_lists(path: Path, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldDifference]:
    old_texts, new_texts = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
    matcher = difflib.SequenceMatcher(None, old_texts, new_texts, autojunk=False)
    for action, b1, b2, a1, a2 in matcher.get_opcodes():
        if action == "equal":
            continue
        for index in range(max(b2 - b1, a2 - a1)):
            old = before[b1 + index] if b1 + index < b2 else MISSING
            new = after[a1 + index] if a1 + index < a2 else MISSING
            place = b1 + index if old is not MISSING else a1 + index
            step = Item(place, str(place), new if old is MISSING else old)
            yield from _compare((*path, step), old, new)


def path_text(path: Path) -> str:
    """Return a path as text: ``spec.containers[name=server].image``, ``metadata.labels[example.com/a]``."""
    text = ""
    for step in path:
        if isinstance(step, Item):
            text += f"[{step.label}]"
        elif _SIMPLE_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{step}]"
    return text
