"""The fields of an object that a person wrote, and which of them an adoption has accounted for.

An adoption accounts for every field: the request says it, a finding or a leftover names it, or it is reported as a
leftover by default. This module says which fields there are, and which are still open.
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

# What an API server, kubectl or a controller fills in, and what identifies the object.
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
# Fields whose keys a person chooses; their keys stand in brackets.
_MAPS: Final = frozenset(
    {"hard", "labels", "annotations", "matchLabels", "nodeLabels", "data", "nodeSelector"}
)
_MOST_DEPTH: Final = 40


def key_of(place: NamespaceObjects, item: ManifestObject) -> Key:
    """What tells the object from all others of the adoption."""
    return place.cluster, item.api_version.split("/", maxsplit=1)[0], str(item)


def field_path(parent: str, key: str) -> str:
    """The path of a field below another one."""
    if not parent:
        return key
    plain = _SIMPLE.fullmatch(key) and parent.rsplit(".", 1)[-1] not in _MAPS
    return f"{parent}.{key}" if plain else f"{parent}[{key}]"


def fields_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """By path, every value of an object that is neither its identity, its status, nor filled in by a server."""
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
    """By object, the paths that are accounted for; an empty path is the whole object."""

    def __init__(self) -> None:
        self._paths: defaultdict[Key, set[str]] = defaultdict(set)

    def account(self, key: Key, paths: Iterable[str]) -> None:
        """These fields of the object, with all below them, are accounted for."""
        self._paths[key].update(paths)

    def knows(self, key: Key) -> bool:
        """Whether anything of the object is accounted for."""
        return key in self._paths

    def open_fields(self, key: Key, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the object that nothing accounts for."""
        known = self._paths.get(key, set())
        if "" in known:
            return {}
        return {path: value for path, value in fields_of(body).items() if not _covers(known, path)}


def _covers(known: set[str], path: str) -> bool:
    """Whether the path or one above it is known; it costs the depth of the path and not the number of paths."""
    if path in known:
        return True
    return any(path[:index] in known for index, letter in enumerate(path) if letter in ".[")
