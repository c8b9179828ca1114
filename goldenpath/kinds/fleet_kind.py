"""The kind of the fleet, from which the platform of each cluster is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check import check_catalogue_range
from goldenpath.check.model_sources import check_enforcement
from goldenpath.kinds.kind import RequestKind
from goldenpath.spec.fleet_spec import FleetSpec
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.findings import Finding
    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Platform, Tenancy
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["KIND"]


def _clusters(spec: FleetSpec, fleet: FleetSpec, tenant: Tenant | None) -> tuple[str, ...]:
    del fleet, tenant
    return tuple(spec.clusters)


def _resolve(spec: FleetSpec, platform: Platform, tenancy: Tenancy | None) -> Platform:
    del spec, tenancy
    return platform


def _add_ons(rendered: RenderedOnCluster[Platform]) -> Iterator[Finding]:
    yield from check_catalogue_range(rendered.resolved)


def _models(rendered: RenderedOnCluster[Platform]) -> Iterator[Finding]:
    yield from check_enforcement(rendered.resolved)


KIND: Final = RequestKind(
    name="fleet",
    subject=Subject.PLATFORM,
    model=FleetSpec,
    clusters=_clusters,
    resolve=_resolve,
    checks=(_add_ons, _models),
)
