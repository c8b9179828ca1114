"""Reads the live objects of a Kustomization's inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.cluster import Readiness, ReadinessState, readiness_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.cluster import ClusterClient

__all__ = ["AppliedObjects"]

_WITHOUT_STATUS: Final = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "LimitRange",
        "NetworkPolicy",
        "PriorityClass",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
    }
)
"""Kinds without a status: they are ready once Flux has applied them."""


class AppliedObjects:
    """Reads each kind in each namespace of a cluster once."""

    def __init__(self, cluster: ClusterClient) -> None:
        self._cluster = cluster
        self._read: dict[tuple[str, str, str], dict[str, Mapping[str, Any]]] = {}

    def worst(self, kustomization: Mapping[str, Any]) -> Readiness:
        """Return the worst readiness of the objects in a Kustomization's inventory, with the object's name.

        Raises:
            ClusterError: the user may not read a kind.
        """
        worst = Readiness(ReadinessState.READY)
        for api_version, kind, namespace, name in _inventory(kustomization):
            found = readiness_of(self._objects(api_version, kind, namespace).get(name))
            if found.state is ReadinessState.READY:
                continue
            named = Readiness(found.state, f"{kind} {namespace}/{name}: {found.message}".replace(" /", " "))
            if found.state is not ReadinessState.PROGRESSING:
                return named
            worst = named
        return worst

    def _objects(self, api_version: str, kind: str, namespace: str) -> dict[str, Mapping[str, Any]]:
        key = (api_version, kind, namespace)
        if key not in self._read:
            resource = self._cluster.resources().get(api_version, kind)
            bodies = self._cluster.all_of(resource, namespace) if resource else ()
            self._read[key] = {str(body["metadata"]["name"]): body for body in bodies}
        return self._read[key]


def _inventory(kustomization: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield API version, kind, namespace and name of each applied object that has a status.

    An entry is ``<namespace>_<name>_<group>_<kind>``, with the version in ``v`` (fluxcd/pkg ssa, object inventory).
    """
    inventory = (kustomization.get("status") or {}).get("inventory") or {}
    for entry in inventory.get("entries") or ():
        namespace, _, rest = str(entry["id"]).partition("_")
        name, group, kind = rest.rsplit("_", 2)
        if kind not in _WITHOUT_STATUS:
            version = str(entry["v"])
            yield (f"{group}/{version}" if group else version), kind, namespace, name
