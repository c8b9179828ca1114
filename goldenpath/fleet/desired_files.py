"""What the repository should hold for a tenant, or for a cluster's platform, and the lock that records it.

Nothing here looks at what it holds now, so it can be worked out while somebody else is writing, and in another
process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.check import check_platform
from goldenpath.git import blob_id
from goldenpath.pipeline import PLATFORM_PATH
from goldenpath.repository.input_digests import engine_of, request_digest
from goldenpath.repository.lazy_content import Content, PlainContent
from goldenpath.repository.lock import Lock
from goldenpath.repository.path_owners import lock_path, platform_lock_path, request_path
from goldenpath.repository.release import current_release

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.findings import Finding
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.fleet.submission import Submission
    from goldenpath.repository.promises import Share
    from goldenpath.spec.tenant import Tenant

__all__ = ["DesiredFiles", "desired_platform", "desired_tenant", "shares_of", "version_for"]


@dataclass(frozen=True, slots=True)
class DesiredFiles:
    """Files by path, the lock among them, and what the checks say of them."""

    lock: Lock
    files: Mapping[str, Content]
    findings: tuple[Finding, ...]


def version_for(tenant: Tenant, pinned: tuple[str, str] | None) -> str | None:
    """The exact version to render with: the pinned one, if it is of the golden path that is asked for."""
    return pinned[1] if pinned is not None and pinned[0] == tenant.golden_path else None


def shares_of(context: FleetContext, tenant: Tenant) -> dict[str, dict[str, Share]]:
    """By cluster and accelerator, what a tenant owns and may borrow."""
    return {
        tenancy.cluster_name: {grant.pool.id: (grant.quota, grant.borrow) for grant in tenancy.grants}
        for tenancy in context.pipeline.tenancies(tenant)
    }


def desired_tenant(
    context: FleetContext,
    tenant: Tenant,
    request: Submission,
    *,
    version: str | None = None,
    today: dt.date | None = None,
) -> DesiredFiles:
    """What the repository should hold for a request.

    Args:
        context: the fleet.
        tenant: the request, as it was accepted for this fleet.
        request: the same as it was handed in: its text is kept as it is.
        version: the golden path's exact version; the newest of the major version that the request names otherwise.
        today: the day against which expiry dates are held.

    Raises:
        InputError: that version is not there.
        RenderError: a template failed.
    """
    manifests, findings = context.pipeline.render_and_check(tenant, version=version, today=today)
    text = request.written
    files = {file.path: PlainContent(file.text) for file in manifests.files}
    path = context.library.get(tenant.golden_path, version=version)
    lock = Lock(
        release=current_release(),
        digest=path.digest,
        golden_path=tenant.golden_path,
        version=path.version,
        request=request_digest(tenant),
        request_file=blob_id(text.encode()),
        fleet=context.digests.of(tenant),
        owner=tenant.owner,
        engine=engine_of(tenant),
        placement=tenant.placement is not None,
        clusters=shares_of(context, tenant),
        identities={
            each.cluster_name: {identity.resource_name: identity.spiffe_id for identity in each.identities}
            for each in context.pipeline.tenancies(tenant)
            if each.identities and each.platform.has_spire
        },
        files={path: content.id for path, content in files.items()},
    )
    files[request_path(context.layout, tenant.name)] = PlainContent(text)
    files[lock_path(context.layout, tenant.name)] = PlainContent(lock.dump().decode())
    return DesiredFiles(lock, files, findings)


def desired_platform(context: FleetContext, cluster: str, *, version: str | None = None) -> DesiredFiles:
    """What the repository should hold for the platform of a cluster.

    Raises:
        InputError: that version is not there.
        RenderError: a template failed.
    """
    manifests = context.pipeline.render_platform(cluster, version=version)
    files = {file.path: PlainContent(file.text) for file in manifests.files}
    path = context.library.get(PLATFORM_PATH, version=version)
    lock = Lock(
        release=current_release(),
        digest=path.digest,
        golden_path=PLATFORM_PATH,
        version=path.version,
        fleet=context.digests.platform(cluster),
        clusters={cluster: {}},
        files={path: content.id for path, content in files.items()},
    )
    files[platform_lock_path(cluster)] = PlainContent(lock.dump().decode())
    return DesiredFiles(
        lock, files, tuple(check_platform(context.pipeline.platforms[cluster], manifests.objects()))
    )
