"""Reads the CustomResourceDefinitions of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.errors import ClusterError

if TYPE_CHECKING:
    from goldenpath.cluster.cluster_client import ClusterClient

__all__ = ["custom_resource_definitions"]


def custom_resource_definitions(cluster: ClusterClient) -> tuple[dict[str, Any], ...]:
    """Return every CustomResourceDefinition, sorted by name.

    Raises:
        ClusterError: this user may not list them.
    """
    resource = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    if resource is None:
        raise ClusterError(f"{cluster.server} has no custom resources")
    return tuple(sorted(cluster.all_of(resource), key=lambda body: str(body["metadata"]["name"])))
