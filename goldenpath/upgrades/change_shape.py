"""What an upgrade changes, without whose it is: owners with one shape change alike, and are shown once."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING
from goldenpath.repository.hand_edits import is_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.repository.object_changes import FileChanges
    from goldenpath.spec.ref import Ref

__all__ = ["digest_of", "shape_of"]

_SHOWN_FIELDS = 40


def shape_of(changes: FileChanges, ref: Ref) -> tuple[str, ...]:
    """A line for each object, field and file that changes; the owner's name and its clusters are left out."""
    return tuple(dict.fromkeys(_lines(changes, _Anonymous(ref))))


def digest_of(shape: tuple[str, ...]) -> str:
    """A short name of a shape."""
    return hashlib.sha256("\n".join(shape).encode()).hexdigest()[:12]


def _lines(changes: FileChanges, plain: _Anonymous) -> Iterator[str]:
    marks = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
    with_objects: set[str | None] = set()
    for change in changes.objects:
        with_objects.update((change.file, change.moved_from))
        yield plain(f"{marks[change.action.value]} {change.id}")
        for field in change.fields:
            yield plain(f"    {field.path}: {_shown(field.before)} → {_shown(field.after)}")
    for file in changes.files:
        if file.path not in with_objects and not is_record(file.path):
            yield plain(f"{marks[file.action.value]} {file.path}")


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
        return line
