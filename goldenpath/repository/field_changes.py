"""What differs between two versions of one object, field by field, as a reviewer wants to read it.

Lists are compared by what their entries are: mappings with a name by that name, plain words as a set with repeats,
everything else in its order, where equal entries find each other. A Secret's values never leave this module;
long texts are shortened to where they differ.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HIDDEN", "FieldChange", "field_changes"]

HIDDEN: Final = "(hidden)"
"""The placeholder for a secret value."""

_SHOWN_TEXT_CHARS: Final = 240
_BEFORE_DIFFERENCE: Final = 40
_MOST_ALIGNED: Final = 1000
"""Entries that are held against each other: that takes the square of their number."""
_PLAIN_STEP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_ENTRY_NAMES: Final = ("name", "key", "type", "kind")
"""Fields by which Kubernetes tells the entries of a list apart, the commonest first."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: ``before`` or ``after`` is :data:`~goldenpath.errors.MISSING` for an absent field."""

    path: str
    before: Any
    after: Any


def field_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[FieldChange, ...]:
    """Every field in which two Kubernetes objects differ; none exactly where they are equal."""
    return tuple(
        FieldChange(path, *_shortened(_shown(old), _shown(new)))
        for path, old, new in _of_mappings("", _without_secrets(before), _without_secrets(after))
    )


class _Hidden:
    """A value that may be compared and not read."""

    def __init__(self, value: Any) -> None:
        self.digest = hashlib.sha256(f"{type(value).__name__}:{value!r}".encode()).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def _without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("kind") != "Secret":
        return body
    hidden = dict(body)
    for field in ("data", "stringData"):
        values = body.get(field)
        if isinstance(values, dict):
            hidden[field] = {key: _Hidden(value) for key, value in values.items()}
        elif values is not None:
            hidden[field] = _Hidden(values)
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict):
        # kubectl writes the whole object, with its values, into an annotation.
        annotations = {key: _Hidden(value) for key, value in metadata["annotations"].items()}
        hidden["metadata"] = metadata | {"annotations": annotations}
    return hidden


Difference = tuple[str, Any, Any]


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict) and before and after:
        yield from _of_mappings(path, before, after)
    elif isinstance(before, list) and isinstance(after, list) and before and after:
        yield from _of_lists(path, before, after)
    elif not same(before, after):
        yield path, before, after


def _of_mappings(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    for key in (*before, *(key for key in after if key not in before)):
        yield from _differences(_step(path, key), before.get(key, MISSING), after.get(key, MISSING))


def _step(path: str, key: str) -> str:
    if _PLAIN_STEP.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{key}]"


def _of_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    name = _name_of_entries(before, after)
    if name is not None:
        yield from _by_name(path, name, before, after)
    elif all(isinstance(entry, str | int | float | bool | None) for entry in (*before, *after)):
        yield from _as_words(path, before, after)
    else:
        yield from _by_position(path, before, after)


def _name_of_entries(before: list[Any], after: list[Any]) -> str | None:
    """The field that tells the entries of both lists apart, if there is one."""
    for name in _ENTRY_NAMES:
        if all(_are_distinct_by(entries, name) for entries in (before, after)):
            return name
    return None


def _are_distinct_by(entries: list[Any], name: str) -> bool:
    found = [entry.get(name) for entry in entries if isinstance(entry, dict)]
    texts = {value for value in found if isinstance(value, str)}
    return len(texts) == len(entries)


def _by_name(path: str, name: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    old, new = ({entry[name]: entry for entry in entries} for entries in (before, after))
    for key in (*old, *(key for key in new if key not in old)):
        yield from _differences(f"{path}[{name}={key}]", old.get(key, MISSING), new.get(key, MISSING))
    kept_before, kept_after = [key for key in old if key in new], [key for key in new if key in old]
    if kept_before != kept_after:
        yield f"{path} (order)", kept_before, kept_after


def _as_words(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    old, new = (Counter((type(word), word) for word in words) for words in (before, after))
    for _, word in (old - new).elements():
        yield f"{path}[]", word, MISSING
    for _, word in (new - old).elements():
        yield f"{path}[]", MISSING, word
    if old == new and not same(before, after):
        yield f"{path} (order)", before, after


def _by_position(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Entries without a name: equal entries are matched, and the entries between them are compared in pairs."""
    if len(before) + len(after) > _MOST_ALIGNED:
        yield path, before, after
        return
    matcher = SequenceMatcher(None, [*map(_fingerprint, before)], [*map(_fingerprint, after)], autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what == "equal":
            continue
        old, new = before[start:end], after[new_start:new_end]
        paired = min(len(old), len(new))
        for index in range(paired):
            yield from _differences(f"{path}[{new_start + index}]", old[index], new[index])
        for index in range(paired, len(old)):
            yield f"{path}[{start + index}]", old[index], MISSING
        for index in range(paired, len(new)):
            yield f"{path}[{new_start + index}]", MISSING, new[index]


def _fingerprint(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=lambda hidden: hidden.digest.hex())


def _shown(value: Any) -> Any:
    if isinstance(value, _Hidden):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list) else value


def _shortened(before: Any, after: Any) -> tuple[Any, Any]:
    """Two texts, each cut to the part around their first difference; other values as they are."""
    start = 0
    if isinstance(before, str) and isinstance(after, str):
        pairs = enumerate(zip(before, after, strict=False))
        same = next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))
        start = max(0, same - _BEFORE_DIFFERENCE)
    return _cut(before, start), _cut(after, start)


def _cut(value: Any, start: int) -> Any:
    if not isinstance(value, str) or len(value) <= _SHOWN_TEXT_CHARS:
        return value
    end = start + _SHOWN_TEXT_CHARS
    part = f"{'…' if start else ''}{value[start:end]}{'…' if end < len(value) else ''}"
    return f"{part} ({len(value)} characters)"
