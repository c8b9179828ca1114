"""Differences between two states of files, and between the Kubernetes objects in them.

Cluster (part of the path), group, kind, namespace and name identify an object, independent of its file. So an object
that only changes its file is *moved*, and does not appear as deleted.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, is_kubernetes_object
from goldenpath.repository.field_changes import FieldChange, field_changes
from goldenpath.repository.lazy_content import Content, PlainContent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "ChangeKind",
    "ClusterChanges",
    "FileChange",
    "FileChanges",
    "ObjectChange",
    "ObjectId",
    "cluster_of",
    "compare",
]

_CLUSTERS: Final = "clusters/"


class ChangeKind(enum.StrEnum):
    """The kinds of changes of a file or an object. Only objects are moved."""

    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    REMOVED = "removed"


def cluster_of(path: str) -> str | None:
    """The cluster of a path; None for a file of the whole fleet, such as a tenant's README."""
    if not path.startswith(_CLUSTERS):
        return None
    name, slash, _ = path.removeprefix(_CLUSTERS).partition("/")
    return name if slash else None


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file: its content before and after; None for a missing file."""

    path: str
    old: Content | None
    new: Content | None

    @property
    def before(self) -> str | None:
        return None if self.old is None else self.old.text

    @property
    def after(self) -> str | None:
        return None if self.new is None else self.new.text

    @property
    def action(self) -> ChangeKind:
        if self.old is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.new is None else ChangeKind.CHANGED

    @property
    def cluster(self) -> str | None:
        return cluster_of(self.path)


@dataclass(frozen=True, slots=True)
class ObjectId:
    """The identity of an object. It excludes the API version: ``v1beta1`` may become ``v1``."""

    cluster: str | None
    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, item: ManifestObject) -> ObjectId:
        """The identity of an object in a file of the fleet repository."""
        group, slash, _ = item.api_version.rpartition("/")
        return cls(cluster_of(item.file), group if slash else "", item.kind, item.namespace, item.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The change of one object, with its file and its changed fields.

    ``file`` is the file after the change, or before it for a removed object; ``moved_from`` is the old file if it
    differs. An added or removed object has no fields.
    """

    id: ObjectId
    action: ChangeKind
    file: str
    moved_from: str | None = None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterChanges:
    """The changes on one cluster."""

    objects: tuple[ObjectChange, ...]
    files: tuple[FileChange, ...]
    files_without_objects: tuple[FileChange, ...]
    """Changed files without a changed object, such as requests and locks."""


@dataclass(frozen=True)
class FileChanges:
    """The differences between two states.

    ``stays`` has the unchanged files by path. If one of them also contains the object of a removed file, the object is
    not removed.
    """

    files: tuple[FileChange, ...] = ()
    stays: Mapping[str, Content] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def unchanged(self) -> int:
        """The number of unchanged files."""
        return len(self.stays)

    @property
    def edits(self) -> dict[str, Content | None]:
        """The new content of each changed file by path, or None for a removed file."""
        return {file.path: file.new for file in self.files}

    @cached_property
    def objects(self) -> tuple[ObjectChange, ...]:
        """Added, changed, moved and removed Kubernetes objects, sorted by cluster and identity."""
        changes = tuple(_object_changes(self.files))
        if not self.stays or all(change.action is not ChangeKind.REMOVED for change in changes):
            return changes
        still = {
            ObjectId.of(item)
            for path, content in self.stays.items()
            for item in _objects(path, content.text) or ()
        }
        return tuple(
            each for each in changes if each.action is not ChangeKind.REMOVED or each.id not in still
        )

    @cached_property
    def unreadable(self) -> tuple[str, ...]:
        """Files with an old text that is not valid YAML, so that its objects are unknown."""
        return tuple(file.path for file in self.files if _objects(file.path, file.before) is None)

    @cached_property
    def by_cluster(self) -> Mapping[str | None, ClusterChanges]:
        """The changes of each cluster; None stands for the files of the whole fleet."""
        objects: defaultdict[str | None, list[ObjectChange]] = defaultdict(list)
        files: defaultdict[str | None, list[FileChange]] = defaultdict(list)
        for change in self.objects:
            objects[change.id.cluster].append(change)
        for file in self.files:
            files[file.cluster].append(file)
        with_objects = {path for change in self.objects for path in (change.file, change.moved_from)}
        return {
            cluster: ClusterChanges(
                tuple(objects[cluster]),
                tuple(files[cluster]),
                tuple(file for file in files[cluster] if file.path not in with_objects),
            )
            for cluster in sorted(files, key=lambda name: (name is not None, name))
        }

    @property
    def clusters(self) -> tuple[str | None, ...]:
        """Clusters with a changed file, by name. None comes first, for the files of the whole fleet."""
        return tuple(self.by_cluster)

    def count(self, action: ChangeKind) -> int:
        """The number of objects with this kind of change."""
        return sum(change.action is action for change in self.objects)


def compare(before: Mapping[str, str | Content], after: Mapping[str, str | Content]) -> FileChanges:
    """The changes from ``before`` to ``after``, both by path."""
    old = {path: _content(value) for path, value in before.items()}
    new = {path: _content(value) for path, value in after.items()}
    stays = {path: content for path, content in old.items() if path in new and _same(content, new[path])}
    changed = sorted({*old, *new} - stays.keys())
    return FileChanges(tuple(FileChange(path, old.get(path), new.get(path)) for path in changed), stays)


def _content(value: str | Content) -> Content:
    return PlainContent(value) if isinstance(value, str) else value


def _same(one: Content, other: Content) -> bool:
    if isinstance(one, PlainContent) and isinstance(other, PlainContent):
        return one.text == other.text
    return one.id == other.id


def _objects(path: str, text: str | None) -> list[ManifestObject] | None:
    """The objects of a file; None if it is not valid YAML, which a hand edit can cause."""
    if text is None or not path.endswith((".yaml", ".yml")):
        return []
    try:
        documents = kubeyaml.load_rendered(text, name=path)
    except InputError:
        return None
    return [ManifestObject(path, document) for document in documents if is_kubernetes_object(document)]


def _object_changes(files: tuple[FileChange, ...]) -> Iterator[ObjectChange]:
    before: defaultdict[ObjectId, list[ManifestObject]] = defaultdict(list)
    after: defaultdict[ObjectId, list[ManifestObject]] = defaultdict(list)
    for file in files:
        for found, text in ((before, file.before), (after, file.after)):
            for item in _objects(file.path, text) or ():
                found[ObjectId.of(item)].append(item)
    for identity in sorted({**before, **after}, key=_by_cluster):
        yield from _one(identity, before.get(identity, []), after.get(identity, []))


def _by_cluster(identity: ObjectId) -> tuple[bool, str, str, str, str, str]:
    each = identity
    return each.cluster is not None, each.cluster or "", each.kind, each.namespace, each.name, each.group


def _one(
    identity: ObjectId, before: list[ManifestObject], after: list[ManifestObject]
) -> Iterator[ObjectChange]:
    """The changes of one identity. It may appear more than once: by mistake, or in an unfinished move."""
    old, new = _without_equal_objects(before, after)
    for one, other in zip(old, new, strict=False):
        moved = one.file if one.file != other.file else None
        fields = field_changes(one.body, other.body)
        if fields or moved:
            action = ChangeKind.CHANGED if fields else ChangeKind.MOVED
            yield ObjectChange(identity, action, other.file, moved, fields)
    if len(before) > len(after) and not after:
        yield ObjectChange(identity, ChangeKind.REMOVED, old[0].file)
    elif len(after) > len(before) and not before:
        yield ObjectChange(identity, ChangeKind.ADDED, new[0].file)


def _without_equal_objects(
    before: list[ManifestObject], after: list[ManifestObject]
) -> tuple[list[ManifestObject], list[ManifestObject]]:
    """Drop the objects that are equal in the same file on both sides."""
    new = list(after)
    old: list[ManifestObject] = []
    for item in before:
        twins = (other for other in new if other.file == item.file)
        twin = next((other for other in twins if kubeyaml.same(item.body, other.body)), None)
        if twin is None:
            old.append(item)
        else:
            new.remove(twin)
    return old, new
