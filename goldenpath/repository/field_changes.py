"""Differences between two versions of an object, field by field, for a reviewer.

The comparison of a list depends on its entries. Mappings are matched by their name or by the keys that the API defines,
scalars are compared as a multiset, and other entries in their order. Values of a Secret never leave this module. Long
texts are cut to the part that differs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from goldenpath.edits.entry_names import entry_names
from goldenpath.edits.list_keys import ListKeys
from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.edits.object_edit import FieldPath

__all__ = ["HIDDEN", "FieldChange", "field_changes"]

HIDDEN: Final = "(hidden)"
"""The placeholder for a secret value."""

_SHOWN_TEXT_CHARS: Final = 240
_BEFORE_DIFFERENCE: Final = 40
_MOST_ALIGNED: Final = 1000
"""The most entries to align; the time grows with the square of their number."""
_PLAIN_STEP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_KEYS: Final = ListKeys()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One changed field. An absent value is :data:`~goldenpath.errors.MISSING`."""

    path: str
    before: Any
    after: Any


def field_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[FieldChange, ...]:
    """Every field in which two Kubernetes objects differ; empty exactly if the objects are equal."""
    place = _Place("", (), (after.get("apiVersion"), after.get("kind")))
    return tuple(
        FieldChange(path, *_shortened(_shown(old), _shown(new)))
        for path, old, new in _of_mappings(place, _without_secrets(before), _without_secrets(after))
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of a value: as text, and as a path in an object of a kind."""

    text: str
    way: FieldPath
    kind: tuple[Any, Any]

    def field(self, key: str) -> _Place:
        if _PLAIN_STEP.fullmatch(key):
            text = f"{self.text}.{key}" if self.text else key
        else:
            text = f"{self.text}[{key}]"
        return _Place(text, (*self.way, key), self.kind)

    def entry(self, name: str | int) -> _Place:
        return _Place(f"{self.text}[{name}]", (*self.way, {}), self.kind)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the list at this place, as the API of the kind defines them."""
        api_version, kind = self.kind
        if not isinstance(api_version, str) or not isinstance(kind, str):
            return ()
        return _KEYS.of(api_version, kind, self.way)


class _Hidden:
    """A secret value, which can be compared but not read."""

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


def _differences(place: _Place, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict) and before and after:
        yield from _of_mappings(place, before, after)
    elif isinstance(before, list) and isinstance(after, list) and before and after:
        yield from _of_lists(place, before, after)
    elif not same(before, after):
        yield place.text, before, after


def _of_mappings(place: _Place, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    for key in (*before, *(key for key in after if key not in before)):
        yield from _differences(place.field(key), before.get(key, MISSING), after.get(key, MISSING))


def _of_lists(place: _Place, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    if all(isinstance(entry, str | int | float | bool | None) for entry in (*before, *after)):
        yield from _as_words(place, before, after)
        return
    names = entry_names(before, after) or entry_names(before, after, place.keys)
    if names is not None:
        yield from _by_name(
            place, dict(zip(names[0], before, strict=True)), dict(zip(names[1], after, strict=True))
        )
    else:
        yield from _by_position(place, before, after)


def _by_name(place: _Place, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for name in (*old, *(name for name in new if name not in old)):
        yield from _differences(place.entry(name), old.get(name, MISSING), new.get(name, MISSING))
    kept_before, kept_after = [name for name in old if name in new], [name for name in new if name in old]
    if kept_before != kept_after:
        yield f"{place.text} (order)", _without_field(kept_before), _without_field(kept_after)


def _without_field(names: list[str]) -> list[str]:
    return [name.partition("=")[2] for name in names]


def _as_words(place: _Place, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    old, new = (Counter((type(word), word) for word in words) for words in (before, after))
    for _, word in (old - new).elements():
        yield f"{place.text}[]", word, MISSING
    for _, word in (new - old).elements():
        yield f"{place.text}[]", MISSING, word
    if old == new and not same(before, after):
        yield f"{place.text} (order)", before, after


def _by_position(place: _Place, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Entries without a name: equal entries are matched, and the entries between them are compared in pairs."""
    if len(before) + len(after) > _MOST_ALIGNED:
        yield place.text, before, after
        return
    matcher = SequenceMatcher(None, [*map(_fingerprint, before)], [*map(_fingerprint, after)], autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what == "equal":
            continue
        old, new = before[start:end], after[new_start:new_end]
        paired = min(len(old), len(new))
        for index in range(paired):
            yield from _differences(place.entry(new_start + index), old[index], new[index])
        for index in range(paired, len(old)):
            yield place.entry(start + index).text, old[index], MISSING
        for index in range(paired, len(new)):
            yield place.entry(new_start + index).text, MISSING, new[index]


def _fingerprint(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=lambda hidden: hidden.digest.hex())


def _shown(value: Any) -> Any:
    if isinstance(value, _Hidden):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list) else value


def _shortened(before: Any, after: Any) -> tuple[Any, Any]:
    """Cut two texts to the part around their first difference. Other values stay as they are."""
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
