"""The story: a request is parsed, rendered and checked.

Each stage takes a frozen value and gives one; this module hands them on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.check import check_expiry, check_tenancy, check_version_fields
from goldenpath.errors import InputError, Problem
from goldenpath.intake import builtin_library, load, load_fleet, parse
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.render import compile_path, platform_words, tenancy_words
from goldenpath.render.overrides import apply_overrides
from goldenpath.spec.nearest import nearest
from goldenpath.tenancy import Tenancy, platforms_of, tenancies_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Iterator

    from goldenpath.check import Schemas
    from goldenpath.findings import Finding
    from goldenpath.paths import Library
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant

__all__ = ["Pipeline", "check", "load", "load_fleet", "parse", "render"]

PLATFORM_PATH = "platform/v1"


class Pipeline:
    """A fleet and the golden paths, ready for many tenants: templates are compiled once.

    Args:
        fleet: the fleet.
        library: the golden paths; the built-in ones where none are given.
        schemas: by which objects are checked; what ships where none are given.
    """

    def __init__(
        self, fleet: FleetSpec, *, library: Library | None = None, schemas: Schemas | None = None
    ) -> None:
        self.fleet = fleet
        self.schemas = schemas
        self.library = library or builtin_library()
        self.platforms = platforms_of(fleet)

    def tenancies(self, tenant: Tenant, cluster: str | None = None) -> tuple[Tenancy, ...]:
        """The tenant on each of its clusters, or on the one named.

        Raises:
            InputError: the tenant is not on that cluster.
        """
        everywhere = tenancies_of(tenant, self.platforms)
        _check_cluster(cluster, [each.cluster_name for each in everywhere], f"{tenant.name} is on")
        return tuple(each for each in everywhere if cluster in {None, each.cluster_name})

    def render(self, tenant: Tenant, *, cluster: str | None = None, version: str | None = None) -> Manifests:
        """The tenant's manifests, for all of its clusters or for one; paths are those of the fleet repository.

        Args:
            tenant: a request that was accepted for this fleet.
            cluster: only this one.
            version: the golden path's exact version, where a lock pins one.

        Raises:
            InputError: the cluster or the version is not there.
            RenderError: a template failed.
        """
        return Manifests.joined(part for _, part in self._rendered(tenant, cluster, version))

    def render_platform(self, cluster: str | None = None, *, version: str | None = None) -> Manifests:
        """What the tenants of a cluster share, from the fleet alone; for all clusters, or for one.

        Raises:
            InputError: the cluster or the version is not there.
            RenderError: a template failed.
        """
        _check_cluster(cluster, self.platforms, "the fleet has")
        path = self.library.get(PLATFORM_PATH, version=version)
        compiled = compile_path(path)
        wanted = self.platforms.values() if cluster is None else (self.platforms[cluster],)
        return Manifests(
            tuple(file for platform in wanted for file in compiled.render(platform_words(path, platform)))
        )

    def check(
        self,
        tenant: Tenant,
        *,
        cluster: str | None = None,
        today: datetime.date | None = None,
        version: str | None = None,
    ) -> tuple[Finding, ...]:
        """Everything that the checks have to say about a tenant, worst first; see :meth:`render_and_check`."""
        return self.render_and_check(tenant, cluster=cluster, today=today, version=version)[1]

    def render_and_check(
        self,
        tenant: Tenant,
        *,
        cluster: str | None = None,
        today: datetime.date | None = None,
        version: str | None = None,
    ) -> tuple[Manifests, tuple[Finding, ...]]:
        """What :meth:`render` gives, and everything that the checks have to say about it, worst first.

        Args:
            tenant: a request that was accepted for this fleet.
            cluster: only on this one.
            today: the day against which expiry dates are held; without it they are not.
            version: the golden path's exact version, where a lock pins one.

        Raises:
            InputError: the cluster or the version is not there.
            RenderError: a template failed.
        """
        rendered = tuple(self._rendered(tenant, cluster, version))
        found = [
            finding
            for tenancy, part in rendered
            for finding in check_tenancy(tenancy, part.objects(), schemas=self.schemas)
        ]
        path = self.library.get(tenant.golden_path, version=version)
        found += check_version_fields(tenant, path.name, path.version)
        if today is not None:
            found += check_expiry(tenant, today)
        found.sort(key=lambda finding: (finding.severity.rank, finding))
        return Manifests.joined(part for _, part in rendered), tuple(found)

    def _rendered(
        self, tenant: Tenant, cluster: str | None, version: str | None
    ) -> Iterator[tuple[Tenancy, Manifests]]:
        """The tenant on each cluster that is asked for, with its manifests there."""
        path = self.library.get(tenant.golden_path, version=version)
        compiled, everywhere = compile_path(path), self.tenancies(tenant)
        known: dict[str, RenderedFile] = {}
        for tenancy in everywhere if cluster is None else self.tenancies(tenant, cluster):
            files = compiled.render(tenancy_words(path, tenancy, everywhere), known)
            known |= {file.path: file for file in files}
            yield tenancy, Manifests(tuple(_with_overrides(file, tenant) for file in files))


def render(tenant: Tenant, fleet: FleetSpec, cluster: str | None = None) -> Manifests:
    """One tenant's manifests, as :meth:`Pipeline.render` gives them; make a pipeline for many."""
    return Pipeline(fleet).render(tenant, cluster=cluster)


def check(
    tenant: Tenant, fleet: FleetSpec, cluster: str | None = None, today: datetime.date | None = None
) -> tuple[Finding, ...]:
    """One tenant's findings, as :meth:`Pipeline.check` gives them; make a pipeline for many."""
    return Pipeline(fleet).check(tenant, cluster=cluster, today=today)


def _check_cluster(cluster: str | None, known: Collection[str], whose: str) -> None:
    if cluster is not None and cluster not in known:
        message = f"{whose} {', '.join(known)}"
        raise InputError([Problem("cluster", "unknown-cluster", message, cluster, nearest(cluster, known))])


def _with_overrides(file: RenderedFile, tenant: Tenant) -> RenderedFile:
    if not tenant.overrides or not file.path.endswith(".yaml"):
        return file
    return RenderedFile(file.path, apply_overrides(file.text, tenant.overrides))
