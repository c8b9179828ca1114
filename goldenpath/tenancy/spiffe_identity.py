"""SPIFFE identities: computed here, so that they can be checked before any SPIRE server sees them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WorkloadIdentity", "spiffe_id"]


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """The SPIFFE ID of a service account's Pods.

    The form is the one that Istio and the SPIRE controller manager use by default, with the namespace in
    it: without that, two tenants with an account of the same name would share an identity.
    """
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """One service account's identity."""

    service_account: str
    spiffe_id: str
    resource_name: str
    """Name of the ClusterSPIFFEID: ``<tenant>.<account>``; the dot is in neither name, so no two collide."""
