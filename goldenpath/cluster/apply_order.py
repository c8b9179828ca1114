"""The order in which objects are applied. Pure.

Objects that others depend on come first. Guard rails come before the objects that they limit. Objects that start work
by themselves, such as a Flux Kustomization, come last.
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
    # Shared objects that tenants' objects name.
    (
        "PriorityClass", "WorkloadPriorityClass", "DeviceClass", "RuntimeClass", "StorageClass", "Topology", "Cohort",
        "ResourceFlavor", "ClusterFederatedTrustDomain", "ClusterRole", "ValidatingAdmissionPolicy",
    ),
    # Guard rails.
    ("ValidatingAdmissionPolicyBinding", "ResourceQuota", "LimitRange", "NetworkPolicy", "CiliumNetworkPolicy"),
    ("ServiceAccount", "Secret", "ConfigMap", "Role", "ClusterQueue", "ClusterSPIFFEID"),
    ("ClusterRoleBinding", "RoleBinding", "LocalQueue"),
)  # fmt: skip
"""Kinds by stage. Other kinds come after these stages, and Flux's kinds come last."""

_FLUX: Final = ".toolkit.fluxcd.io/"
_STAGE: Final = {kind: number for number, kinds in enumerate(STAGES) for kind in kinds}


def in_stages(objects: Iterable[ManifestObject]) -> list[list[ManifestObject]]:
    """Group the objects by stage; within a stage, they keep their order."""
    stages: list[list[ManifestObject]] = [[] for _ in range(len(STAGES) + 2)]
    for item in objects:
        if _FLUX in item.api_version:
            stages[-1].append(item)
        else:
            stages[_STAGE.get(item.kind, len(STAGES))].append(item)
    return [stage for stage in stages if stage]
