"""The service account that Flux uses to read a team's source from a cloud.

Without its own account, Flux would read the source with the identity of its controllers, which all tenants share. With
an account, Flux asks the cloud for the identity in the account's annotations, and the cloud decides whether this account
may have it (Flux, "Object-Level Workload Identity").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.spec.tenant_request_rules import SOURCE_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.spec.tenant import Tenant

__all__ = ["IDENTITY_ANNOTATIONS", "SourceAccount", "source_account"]

IDENTITY_ANNOTATIONS: Final = {
    "role": "eks.amazonaws.com/role-arn",
    "client_id": "azure.workload.identity/client-id",
    "tenant_id": "azure.workload.identity/tenant-id",
    "service_account": "iam.gke.io/gcp-service-account",
}
"""The annotation of EKS, AKS or GKE that Flux reads, by field of the request."""


@dataclass(frozen=True, slots=True)
class SourceAccount:
    name: str
    provider: str
    annotations: Mapping[str, str]


def source_account(tenant: Tenant) -> SourceAccount | None:
    """Return the account of a source in a cloud; None for other sources."""
    source = tenant.source
    if source is None or source.provider == "generic":
        return None
    given = source.cloud_identity.model_dump(exclude_none=True) if source.cloud_identity else {}
    annotations = {
        annotation: given[field] for field, annotation in IDENTITY_ANNOTATIONS.items() if field in given
    }
    return SourceAccount(f"{tenant.name}-{SOURCE_ACCOUNT}", source.provider, annotations)
