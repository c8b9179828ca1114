"""Group the changes of an upgrade, so that a change of many owners appears once."""

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
"""With more changes than this, changes of the same fields of an object are joined, whatever the values."""
_VALUES: Final = 3
_SHARD: Final = re.compile(r"/[0-9a-f]/<")
"""The hexadecimal digit before a tenant in the sharded layout, which follows from the name."""


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """The change of one object or file, without the names of the owner and its clusters."""

    head: str
    fields: tuple[tuple[str, str, str], ...] = ()
    """Path, value before and value after of each field."""
    effect: Effect = Effect.NONE

    @property
    def outline(self) -> tuple[str, tuple[str, ...], Effect]:
        """The changed fields, whatever the values."""
        return self.head, tuple(path for path, *_ in self.fields), self.effect


@dataclass(frozen=True, slots=True)
class SharedChanges:
    """Changes of objects with the same owners."""

    lines: tuple[str, ...]
    owners: tuple[int, ...]
    effect: Effect

    @property
    def digest(self) -> str:
        """A short name of the changes."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:12]


def shapes_of(changes: FileChanges, ref: Ref, objects: Iterable[ChangedObject]) -> tuple[ObjectShape, ...]:
    """The changes of objects and files. A change that is equal on several clusters appears once.

    Args:
        changes: the changes of one owner.
        ref: the owner.
        objects: its changed objects, with their effects.
    """
    effects = {each.id: each.effect.effect for each in objects}
    return tuple(dict.fromkeys(_shapes(changes, _Placeholders(ref), effects)))


def grouped(shapes: Sequence[Iterable[ObjectShape]]) -> tuple[SharedChanges, ...]:
    """The changes of many owners, in groups. Each change is in one group, an owner in one or more.

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
    """The lines of a change of one or more owners. Different values are listed up to a limit."""
    yield same[0].head
    for number, (path, *_) in enumerate(same[0].fields):
        values = list(dict.fromkeys(shape.fields[number][1:] for shape in same))
        shown = ", ".join(f"{before} → {after}" for before, after in values[:_VALUES])
        more = f" and {len(values) - _VALUES:,} other values" if len(values) > _VALUES else ""
        yield f"    {path}: {shown}{more}"


def _shapes(
    changes: FileChanges, hide_names: _Placeholders, effects: Mapping[ObjectId, Effect]
) -> Iterator[ObjectShape]:
    marks = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
    with_objects: set[str | None] = set()
    for change in changes.objects:
        with_objects.update((change.file, change.moved_from))
        yield ObjectShape(
            hide_names(f"{marks[change.action.value]} {change.id}"),
            tuple(
                (hide_names(field.path), hide_names(_shown(field.before)), hide_names(_shown(field.after)))
                for field in change.fields
            ),
            effects.get(change.id, Effect.NONE),
        )
    for file in changes.files:
        if file.path not in with_objects and not is_record(file.path):
            yield ObjectShape(hide_names(f"{marks[file.action.value]} {file.path}"))


def _shown(value: Any) -> str:
    return "(none)" if value is MISSING else json.dumps(value, ensure_ascii=False, sort_keys=True)


class _Placeholders:
    """Replaces the names of an owner and its clusters with placeholders."""

    def __init__(self, ref: Ref) -> None:
        words = [(ref.name, f"<{ref.subject}>"), *([(ref.tenant, "<tenant>")] if ref.tenant else [])]
        self._patterns = [
            (re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])"), word) for name, word in words
        ]
        self._cluster = re.compile(r"^(. )clusters/[^/]+/")

    def __call__(self, line: str) -> str:
        line = self._cluster.sub(r"\1clusters/<cluster>/", line)
        for pattern, word in self._patterns:
            line = pattern.sub(word, line)
        return _SHARD.sub("/<shard>/<", line)
