"""What ought to be on each cluster, and what the checks say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath import names
from goldenpath.check import check_platform
from goldenpath.findings import Severity

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.findings import Finding
    from goldenpath.manifests import ManifestObject
    from goldenpath.pipeline import Pipeline
    from goldenpath.spec.tenant import Tenant

__all__ = ["MANAGED", "DesiredObjects"]

MANAGED: Final = "app.kubernetes.io/managed-by=goldenpath"


@dataclass(frozen=True, slots=True)
class DesiredObjects:
    """The objects of a tenant, or of a platform, by cluster.

    ``selector`` finds on a cluster what was rendered for the same before.
    """

    name: str
    selector: str
    objects: Mapping[str, tuple[ManifestObject, ...]]
    findings: tuple[Finding, ...]

    @classmethod
    def of_tenant(
        cls,
        pipeline: Pipeline,
        tenant: Tenant,
        *,
        cluster: str | None = None,
        today: dt.date | None = None,
        version: str | None = None,
    ) -> DesiredObjects:
        """A tenant on its clusters, or on one (see :meth:`goldenpath.Pipeline.check` for the arguments).

        Raises:
            InputError: the tenant is not on that cluster.
            RenderError: a template failed.

        """
        objects: dict[str, tuple[ManifestObject, ...]] = {}
        findings: list[Finding] = []
        for name in [tenancy.cluster_name for tenancy in pipeline.tenancies(tenant, cluster)]:
            manifests, found = pipeline.render_and_check(tenant, cluster=name, today=today, version=version)
            objects[name] = manifests.objects()
            findings += found
        return cls(
            tenant.name, f"{MANAGED},{names.TENANT}={tenant.name}", objects, tuple(dict.fromkeys(findings))
        )

    @classmethod
    def of_platform(cls, pipeline: Pipeline, *, cluster: str | None = None) -> DesiredObjects:
        """What the tenants of each cluster, or of one, share.

        Raises:
            InputError: the fleet has no such cluster.
            RenderError: a template failed.

        """
        pipeline.render_platform(cluster)  # refuses what is no cluster of the fleet
        clusters = [cluster] if cluster else list(pipeline.platforms)
        objects = {name: pipeline.render_platform(name).objects() for name in clusters}
        findings = tuple(
            finding
            for name, found in objects.items()
            for finding in check_platform(pipeline.platforms[name], found, schemas=pipeline.schemas)
        )
        return cls("platform", f"{MANAGED},!{names.TENANT}", objects, findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid to apply it."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)
