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
"""Finds what is wrong with what was rendered for one cluster."""


def _no_claims(_: RenderedOnCluster[Any]) -> Claims:
    return Claims()


def _no_engine(_: Document) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class RequestKind:
    """One kind of request.

    Args:
        name: what a golden path says as its ``kind``.
        subject: what is made of it; this decides places, labels and the kind of Backstage entity.
        model: the document, with its rules.
        clusters: the clusters that a request means: from the request, the fleet, and a workload's tenant.
        resolve: a request on one cluster, with every default applied; a workload is given its tenant there.
        checks: what is checked beside the rendered objects themselves.
        claims: what a rendered request takes of what others could have too.
        engine: the inference engine whose facts a request is rendered with.
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
        """Whether people write such requests: everything but the fleet's own document."""
        return self.subject is not Subject.PLATFORM

    @property
    def has_parent(self) -> bool:
        """Whether a request belongs to a tenant."""
        return self.subject is Subject.WORKLOAD
