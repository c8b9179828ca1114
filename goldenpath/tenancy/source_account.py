"""The account as which Flux reads a team's source from a cloud.

Without an account of its own, a source would be read with the identity of Flux's controllers, which is everybody's.
With one, Flux asks the cloud for the identity that the account's annotations name, and the cloud decides whether this
account of this namespace may have it (Flux, "Object-Level Workload Identity").
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
"""By field of the request: the annotation that EKS, AKS and GKE document, and Flux reads."""


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """A ServiceAccount and its annotations."""

    name: str
    provider: str
    annotations: Mapping[str, str]


def source_account(tenant: Tenant) -> SourceAccount | None:
    """The account of a source in a cloud; None where there is no such source."""
    source = tenant.source
    if source is None or source.provider == "generic":
        return None
    given = source.cloud_identity.model_dump(exclude_none=True) if source.cloud_identity else {}
    annotations = {
        annotation: given[field] for field, annotation in IDENTITY_ANNOTATIONS.items() if field in given
    }
    return SourceAccount(f"{tenant.name}-{SOURCE_ACCOUNT}", source.provider, annotations)
