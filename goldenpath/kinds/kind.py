"""The definition of one kind of request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.spec.ref import Subject
from goldenpath.tenancy.claims import Claims

if TYPE_CHECKING:
    from goldenpath.findings import Finding
    from goldenpath.spec.document_model import Document
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Platform, Resolved, Tenancy
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["Check", "RequestKind"]

Check = Callable[["RenderedOnCluster[Any]"], "Iterator[Finding]"]
"""Finds faults in the request or the rendered objects of one cluster."""


def _no_claims(_: RenderedOnCluster[Any]) -> Claims:
    return Claims()


def _no_engine(_: Document) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class RequestKind:
    """One kind of request.

    Args:
        name: the ``kind`` of a golden path.
        subject: platform, tenant or workload; it decides paths, labels and the kind of the Backstage entity.
        model: the pydantic model of the document, with its rules.
        clusters: returns the clusters of a request, from the request, the fleet, and a workload's tenant.
        resolve: returns the request on one cluster with defaults applied; a workload also needs its tenant there.
        checks: the checks of this kind, in addition to the checks of all rendered objects.
        claims: returns the shared resources that a rendered request claims.
        engine: returns the inference engine whose facts the templates read.
    """

    name: str
    subject: Subject
    model: type[Document]
    clusters: Callable[[Any, FleetSpec, Tenant | None], tuple[str, ...]]
    resolve: Callable[[Any, Platform, Tenancy | None], Resolved]
    checks: tuple[Check, ...] = ()
    claims: Callable[[RenderedOnCluster[Any]], Claims] = _no_claims
    engine: Callable[[Any], str | None] = _no_engine

    @property
    def is_requested(self) -> bool:
        """Whether people write requests of this kind. Only the fleet is not a request."""
        return self.subject is not Subject.PLATFORM

    @property
    def has_parent(self) -> bool:
        """Whether a request belongs to a tenant."""
        return self.subject is Subject.WORKLOAD
