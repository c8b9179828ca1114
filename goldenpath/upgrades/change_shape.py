"""Groups the changes of an upgrade: owners whose objects change alike are shown once."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.edits.effects import Effect
from goldenpath.errors import MISSING
from goldenpath.repository.hand_edits import is_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from goldenpath.repository.object_changes import FileChanges, ObjectId
    from goldenpath.spec.ref import Ref
    from goldenpath.upgrades.changed_objects import ChangedObject

__all__ = ["ObjectShape", "SharedChanges", "grouped", "shapes_of"]

_MOST_EXACT: Final = 40
"""More changes of objects than these are joined where the same fields of an object change, whatever the values."""
_VALUES: Final = 3
_SHARD: Final = re.compile(r"/[0-9a-f]/<")
"""The hexadecimal digit before a tenant, in the sharded layout: it follows from the name."""


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """The change of one object or file; the owner's name and its clusters are left out."""

    head: str
    fields: tuple[tuple[str, str, str], ...] = ()
    """Path, value before and value after of each field."""
    effect: Effect = Effect.NONE

    @property
    def outline(self) -> tuple[str, tuple[str, ...], Effect]:
        """Which fields change, whatever the values."""
        return self.head, tuple(path for path, *_ in self.fields), self.effect


@dataclass(frozen=True, slots=True)
class SharedChanges:
    """Changes of objects that the same owners have."""

    lines: tuple[str, ...]
    owners: tuple[int, ...]
    effect: Effect

    @property
    def digest(self) -> str:
        """A short name of the changes."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:12]


def shapes_of(changes: FileChanges, ref: Ref, objects: Iterable[ChangedObject]) -> tuple[ObjectShape, ...]:
    """The changes of objects and files; one that is alike on several clusters is there once.

    Args:
        changes: of one owner.
        ref: the owner.
        objects: its objects that change, with their effects.
    """
    effects = {each.id: each.effect.effect for each in objects}
    return tuple(dict.fromkeys(_shapes(changes, _Anonymous(ref), effects)))


def grouped(shapes: Sequence[Iterable[ObjectShape]]) -> tuple[SharedChanges, ...]:
    """The changes of many owners, in groups: each change is in one group, and an owner in as many as it needs.

    Args:
        shapes: the changes of each owner.
    """
    owners: defaultdict[ObjectShape, list[int]] = defaultdict(list)
    for index, found in enumerate(shapes):
        for shape in found:
            owners[shape].append(index)
    alike: defaultdict[object, list[ObjectShape]] = defaultdict(list)
    for shape in owners:
        alike[shape.outline if len(owners) > _MOST_EXACT else shape].append(shape)
    by_owners: defaultdict[tuple[int, ...], list[list[ObjectShape]]] = defaultdict(list)
    for same in alike.values():
        by_owners[tuple(sorted({index for shape in same for index in owners[shape]}))].append(same)
    groups = (
        SharedChanges(
            tuple(line for same in changes for line in _lines(same)),
            who,
            max((same[0].effect for same in changes), key=lambda effect: effect.rank),
        )
        for who, changes in by_owners.items()
    )
    return tuple(sorted(groups, key=lambda group: (-len(group.owners), group.owners)))


def _lines(same: Sequence[ObjectShape]) -> Iterator[str]:
    """A change of one or more owners: the values that differ between them are counted."""
    yield same[0].head
    for number, (path, *_) in enumerate(same[0].fields):
        values = list(dict.fromkeys(shape.fields[number][1:] for shape in same))
        shown = ", ".join(f"{before} → {after}" for before, after in values[:_VALUES])
        more = f" and {len(values) - _VALUES:,} other values" if len(values) > _VALUES else ""
        yield f"    {path}: {shown}{more}"


def _shapes(
    changes: FileChanges, plain: _Anonymous, effects: Mapping[ObjectId, Effect]
) -> Iterator[ObjectShape]:
    marks = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
    with_objects: set[str | None] = set()
    for change in changes.objects:
        with_objects.update((change.file, change.moved_from))
        yield ObjectShape(
            plain(f"{marks[change.action.value]} {change.id}"),
            tuple(
                (plain(field.path), plain(_shown(field.before)), plain(_shown(field.after)))
                for field in change.fields
            ),
            effects.get(change.id, Effect.NONE),
        )
    for file in changes.files:
        if file.path not in with_objects and not is_record(file.path):
            yield ObjectShape(plain(f"{marks[file.action.value]} {file.path}"))


def _shown(value: Any) -> str:
    return "(none)" if value is MISSING else json.dumps(value, ensure_ascii=False, sort_keys=True)


class _Anonymous:
    """Puts words in the place of an owner's name and of its cluster's."""

    def __init__(self, ref: Ref) -> None:
        words = [(ref.name, f"<{ref.subject}>")]
        if ref.tenant:
            words.append((ref.tenant, "<tenant>"))
        self._patterns = [
            (re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])"), word) for name, word in words
        ]
        self._cluster = re.compile(r"^(. )clusters/[^/]+/")

    def __call__(self, line: str) -> str:
        line = self._cluster.sub(r"\1clusters/<cluster>/", line)
        for pattern, word in self._patterns:
            line = pattern.sub(word, line)
        return _SHARD.sub("/<shard>/<", line)
