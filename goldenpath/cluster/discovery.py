"""The kinds of an API server, and the path of each.

Two requests read all kinds (aggregated discovery, `apidiscovery.k8s.io/v2`, on by default since Kubernetes 1.30). They
take 13 ms. The dynamic client of the `kubernetes` package takes 130 ms, and caches the kinds in a file with a
predictable name in the shared temporary folder, which any user of the machine can write and which misses new CRDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["ACCEPT", "PLACES", "Resource", "Resources"]

ACCEPT: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PLACES: Final = ("/api", "/apis")


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of the server; ``plural`` is its name in paths."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    listable: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the path of one object, of all objects in a namespace, or of all objects."""
        parts = ["apis" if self.group else "api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/" + "/".join(parts)

    def describe(self, name: str, namespace: str = "") -> str:
        """Return ``Kind namespace/name`` for messages."""
        return f"{self.kind} {namespace}/{name}" if namespace else f"{self.kind} {name}"


class Resources:
    """All kinds of a server."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._found: dict[tuple[str, str], Resource] = {}
        self._stale: set[str] = set()
        for document in documents:
            for group in document.get("items") or ():
                self._take(str((group.get("metadata") or {}).get("name", "")), group.get("versions") or ())

    def _take(self, group: str, versions: Iterable[Mapping[str, Any]]) -> None:
        for version in versions:
            name = f"{group}/{version['version']}" if group else str(version["version"])
            if version.get("freshness") == "Stale":
                self._stale.add(name)
            for resource in version.get("resources") or ():
                kind = str((resource.get("responseKind") or {}).get("kind", ""))
                found = Resource(
                    name,
                    kind,
                    str(resource["resource"]),
                    namespaced=resource.get("scope") == "Namespaced",
                    listable="list" in (resource.get("verbs") or ()),
                )
                self._found.setdefault((name, kind), found)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._found.values())

    def get(self, api_version: str, kind: str) -> Resource | None:
        """Return the kind; None if the server does not have it."""
        return self._found.get((api_version, kind))

    def is_stale(self, api_version: str) -> bool:
        """Whether the aggregated API server for this version does not answer, so that its kinds are unknown."""
        return api_version in self._stale

    @property
    def groups(self) -> frozenset[str]:
        return frozenset(resource.group for resource in self)

    def versions_of(self, kind: str) -> tuple[str, ...]:
        """Return the versions that serve a kind of that name, in any group."""
        return tuple(version for version, known in self._found if known == kind)
