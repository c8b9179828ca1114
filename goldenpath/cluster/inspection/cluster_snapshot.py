"""Reads the objects for an inspection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from goldenpath.cluster.cluster_client import ClusterClient

__all__ = ["ClusterSnapshot", "take_snapshot"]

_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_SLICES: Final = "resource.k8s.io/v1"
_POLICIES: Final = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """Objects from the server. ``version`` is the API server's (``v1.36.2``)."""

    version: str
    groups: frozenset[str]
    nodes: tuple[dict[str, Any], ...] = ()
    workloads: tuple[dict[str, Any], ...] = ()
    slices: tuple[dict[str, Any], ...] = ()
    policies: tuple[dict[str, Any], ...] = ()
    kueue_config: str | None = None


def take_snapshot(cluster: ClusterClient) -> ClusterSnapshot:
    """Read all lists, a few at a time.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read one of the kinds; the message names it.
    """
    wanted = [
        ("v1", "Node"),
        *(("apps/v1", kind) for kind in _WORKLOADS),
        (_SLICES, "ResourceSlice"),
        (_POLICIES, "ValidatingAdmissionPolicyBinding"),
    ]
    found = dict(zip(wanted, cluster.each(lambda kind: _list(cluster, *kind), wanted), strict=True))
    return ClusterSnapshot(
        version=cluster.version(),
        groups=cluster.resources().groups,
        nodes=found["v1", "Node"],
        workloads=tuple(body for kind in _WORKLOADS for body in found["apps/v1", kind]),
        slices=found[_SLICES, "ResourceSlice"],
        policies=found[_POLICIES, "ValidatingAdmissionPolicyBinding"],
        kueue_config=_kueue_config(cluster),
    )


def _list(cluster: ClusterClient, api_version: str, kind: str) -> tuple[dict[str, Any], ...]:
    resource = cluster.find(api_version, kind)
    return () if resource is None else tuple(cluster.all_of(resource))


def _kueue_config(cluster: ClusterClient) -> str | None:
    """Return Kueue's configuration from the ConfigMap of its manifests; None if it is elsewhere."""
    resource = cluster.find("v1", "ConfigMap")
    body = None if resource is None else cluster.get(resource, "kueue-manager-config", "kueue-system")
    text = ((body or {}).get("data") or {}).get("controller_manager_config.yaml")
    return text if isinstance(text, str) else None
