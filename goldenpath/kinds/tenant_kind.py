"""The kind of a tenant, which is a team's namespace on each of its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check.tenant_checks import TENANT_CHECKS
from goldenpath.engines import engine_catalogue
from goldenpath.kinds.kind import RequestKind
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import Tenancy
from goldenpath.tenancy.claims import Claims

if TYPE_CHECKING:
    from goldenpath.tenancy import Platform
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["KIND"]


def _resolve(spec: Tenant, platform: Platform, tenancy: Tenancy | None) -> Tenancy:
    del tenancy
    return Tenancy(spec, platform)


def _claims(rendered: RenderedOnCluster[Tenancy]) -> Claims:
    """Return the claims of a tenant: its accelerators, SPIFFE identities and hosts."""
    tenancy = rendered.resolved
    return Claims(
        {grant.pool.id: (grant.quota, grant.borrow) for grant in tenancy.grants},
        {identity.resource_name: identity.spiffe_id for identity in tenancy.identities}
        if tenancy.platform.has_spire
        else {},
        hosts=tenancy.hosts,
    )


def _engine(spec: Tenant) -> str | None:
    if spec.autoscaling is None:
        return None
    engine = spec.autoscaling.engine
    return engine.name if engine is not None else engine_catalogue().default.name


KIND: Final = RequestKind(
    name="tenant",
    subject=Subject.TENANT,
    model=Tenant,
    clusters=clusters_of,
    resolve=_resolve,
    checks=TENANT_CHECKS,
    claims=_claims,
    engine=_engine,
)
