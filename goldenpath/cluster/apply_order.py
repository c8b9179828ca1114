"""The order in which objects are applied. Pure.

What others stand on comes first; what holds a tenant to its limits comes before what it holds; and what begins to
work by itself, such as a Flux Kustomization, comes last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.manifests import ManifestObject

__all__ = ["STAGES", "in_stages"]

STAGES: Final = (
    ("CustomResourceDefinition",),
    ("Namespace",),
    # Shared things that tenants' objects name.
    (
        "PriorityClass", "WorkloadPriorityClass", "DeviceClass", "RuntimeClass", "StorageClass", "Topology", "Cohort",
        "ResourceFlavor", "ClusterFederatedTrustDomain", "ClusterRole", "ValidatingAdmissionPolicy",
    ),
    # Guard rails.
    ("ValidatingAdmissionPolicyBinding", "ResourceQuota", "LimitRange", "NetworkPolicy", "CiliumNetworkPolicy"),
    ("ServiceAccount", "Secret", "ConfigMap", "Role", "ClusterQueue", "ClusterSPIFFEID"),
    ("ClusterRoleBinding", "RoleBinding", "LocalQueue"),
)  # fmt: skip
"""Kinds by stage; those that are not named come after, and Flux's own at the very end."""

_FLUX: Final = ".toolkit.fluxcd.io/"
_STAGE: Final = {kind: number for number, kinds in enumerate(STAGES) for kind in kinds}


def in_stages(objects: Iterable[ManifestObject]) -> list[list[ManifestObject]]:
    """The objects, stage by stage; within one, as they came."""
    stages: list[list[ManifestObject]] = [[] for _ in range(len(STAGES) + 2)]
    for item in objects:
        if _FLUX in item.api_version:
            stages[-1].append(item)
        else:
            stages[_STAGE.get(item.kind, len(STAGES))].append(item)
    return [stage for stage in stages if stage]
