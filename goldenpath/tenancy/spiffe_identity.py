"""Computes SPIFFE identities, so that checks can read them before SPIRE does."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WorkloadIdentity", "spiffe_id"]


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """Return the SPIFFE ID of the Pods of a service account.

    Istio and the SPIRE controller manager use this form by default. It contains the namespace, so that accounts with the
    same name in two tenants have different IDs.
    """
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """The identity of one service account.

    ``resource_name`` is the name of the ClusterSPIFFEID, ``<tenant>.<account>``. Neither name has a dot, so two never
    collide.
    """

    service_account: str
    spiffe_id: str
    resource_name: str
