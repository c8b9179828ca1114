"""The fields of objects that people wrote, and which of these fields an adoption covers.

An adoption covers every field: the request expresses it, a finding or a leftover names it, or it becomes a leftover by
default. This module lists the fields of an object, and those that are not covered yet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["FieldLedger", "Key", "field_path", "fields_of", "key_of"]

Key = tuple[str, str, str]
"""Cluster, API group, and ``Kind namespace/name`` of an object."""

# Fields that an API server, kubectl or a controller sets, and fields that identify the object.
_SERVER_METADATA: Final = frozenset(
    {
        "name", "namespace", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink",
        "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds",
    }
)  # fmt: skip
_SERVER_KEYS: Final = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", "kubernetes.io/metadata.name", "deployment.kubernetes.io/revision"}
)  # fmt: skip
_SIMPLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Fields whose keys a person chooses. Paths have these keys in brackets.
_MAPS: Final = frozenset(
    {"hard", "labels", "annotations", "matchLabels", "nodeLabels", "data", "nodeSelector"}
)
_MOST_DEPTH: Final = 40


def key_of(place: NamespaceObjects, item: ManifestObject) -> Key:
    """Return the key that identifies an object in the adoption."""
    return place.cluster, item.api_version.split("/", maxsplit=1)[0], str(item)


def field_path(parent: str, key: str) -> str:
    """Return the path of a field below another field."""
    if not parent:
        return key
    plain = _SIMPLE.fullmatch(key) and parent.rsplit(".", 1)[-1] not in _MAPS
    return f"{parent}.{key}" if plain else f"{parent}[{key}]"


def fields_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an object by path, without identity, status and fields that a server sets."""
    return {
        path: value
        for key, part in body.items()
        if key not in {"apiVersion", "kind", "status"}
        for path, value in _leaves(str(key), part, 0)
    }


def _leaves(path: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value and depth < _MOST_DEPTH:
        for key, part in value.items():
            if (path == "metadata" and key in _SERVER_METADATA) or key in _SERVER_KEYS:
                continue
            yield from _leaves(field_path(path, str(key)), part, depth + 1)
    elif isinstance(value, list) and value and depth < _MOST_DEPTH:
        for index, part in enumerate(value):
            yield from _leaves(f"{path}[{index}]", part, depth + 1)
    elif value is not None and value not in ({}, []):
        yield path, value


class FieldLedger:
    """The covered paths of each object. An empty path covers the whole object."""

    def __init__(self) -> None:
        self._paths: defaultdict[Key, set[str]] = defaultdict(set)

    def cover(self, key: Key, paths: Iterable[str]) -> None:
        """Mark these fields of the object, with all fields below them, as covered."""
        self._paths[key].update(paths)

    def knows(self, key: Key) -> bool:
        """Whether the object was read."""
        return key in self._paths

    def open_fields(self, key: Key, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of the object that are not covered."""
        known = self._paths.get(key, set())
        if "" in known:
            return {}
        return {path: value for path, value in fields_of(body).items() if not _covers(known, path)}


def _covers(known: set[str], path: str) -> bool:
    """Whether the path or a path above it is known. The cost depends on the depth of the path only."""
    if path in known:
        return True
    return any(path[:index] in known for index, letter in enumerate(path) if letter in ".[")
