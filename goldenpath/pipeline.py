"""The stages in order: a request is parsed, resolved for each of its clusters, rendered, and checked.

Each stage takes a frozen value and returns one. A request is resolved once and rendered once, and its text is read
back once (:class:`Rendered`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath.check import check_expiry, check_objects, check_version_fields, check_versions
from goldenpath.errors import InputError, Problem
from goldenpath.findings import merge_equal_findings
from goldenpath.intake import Parent, Tenants, builtin_library, load, load_fleet, parent_of, parse
from goldenpath.kinds import digest_of, kind_of, shared_parts_of
from goldenpath.manifests import Manifests
from goldenpath.render import compile_path, words_of
from goldenpath.render.overrides import with_overrides
from goldenpath.spec.envelope import Envelope
from goldenpath.spec.nearest import nearest
from goldenpath.spec.ref import Subject
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import Tenancy, platforms_of
from goldenpath.tenancy.rendered import RenderedOnCluster
from goldenpath.tenancy.repository_paths import CLUSTER_FOLDERS

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from goldenpath.check import Schemas
    from goldenpath.findings import Finding
    from goldenpath.kinds import RequestKind
    from goldenpath.manifests import ManifestObject, RenderedFile
    from goldenpath.paths import GoldenPath, Library
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.ref import Ref
    from goldenpath.tenancy import Resolved
    from goldenpath.tenancy.claims import Claims

    Spec = Envelope | FleetSpec
    """The input of a rendering: a request, or the fleet."""

__all__ = [
    "Parent",
    "Pipeline",
    "Rendered",
    "Tenants",
    "check",
    "load",
    "load_fleet",
    "parent_of",
    "parse",
    "render",
]


@dataclass(frozen=True)
class Rendered:
    """A request and its rendering, with one part for each cluster that the caller selected."""

    spec: Spec
    path: GoldenPath
    kind: RequestKind
    parts: tuple[RenderedOnCluster[Any], ...]
    findings: tuple[Finding, ...] = ()
    """The findings of the checks, worst first; empty if no check ran."""

    @property
    def ref(self) -> Ref:
        """The tenant, workload or platform; for a fleet, the platform of its first cluster."""
        ref: Ref = self.parts[0].resolved.ref
        return ref

    @property
    def digest(self) -> str:
        """The digest of the golden path's files that the rendering read."""
        return digest_of(self.path)

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(part.resolved.cluster_name for part in self.parts)

    @cached_property
    def manifests(self) -> Manifests:
        """The files of all clusters; paths are relative to the fleet repository."""
        return Manifests.joined(part.manifests for part in self.parts)

    @cached_property
    def claims(self) -> Mapping[str, Claims]:
        """The claims on resources that other requests could also use, by cluster."""
        return {part.resolved.cluster_name: self.kind.claims(part) for part in self.parts}


class Pipeline:
    """A fleet and the golden paths, ready for many requests: templates are compiled once.

    Args:
        library: the golden paths; by default the built-in ones.
        schemas: schemas that objects are checked against; by default the shipped ones.
    """

    def __init__(
        self, fleet: FleetSpec, *, library: Library | None = None, schemas: Schemas | None = None
    ) -> None:
        self.fleet = fleet
        self.schemas = schemas
        self.library = library or builtin_library()
        self.platforms = platforms_of(fleet)
        self._last_parent: tuple[Parent, Rendered] | None = None

    def resolve(
        self, spec: Spec, *, cluster: str | None = None, parent: Parent | None = None
    ) -> tuple[Resolved, ...]:
        """Resolve a request on each of its clusters, or on one.

        Args:
            spec: a request that was accepted for this fleet, or the fleet itself.
            cluster: the one cluster; by default all clusters of the request.
            parent: a workload's tenant.

        Raises:
            InputError: the request is not on that cluster, or the library has no such golden path.
        """
        kind = kind_of(self.library.get(spec.golden_path))
        return _on_cluster(self._resolve_all(kind, spec, parent), cluster)

    def render(
        self,
        spec: Spec,
        *,
        cluster: str | None = None,
        version: str | None = None,
        parent: Parent | None = None,
    ) -> Manifests:
        """Render the manifests of a request, or of the fleet's platforms. For the arguments and errors, see :meth:`run`."""
        return self._render(spec, cluster, version, parent).manifests

    def check(
        self,
        spec: Spec,
        *,
        cluster: str | None = None,
        today: datetime.date | None = None,
        version: str | None = None,
        parent: Parent | None = None,
    ) -> tuple[Finding, ...]:
        """Return the findings about a request, worst first; see :meth:`run`."""
        return self.run(spec, cluster=cluster, today=today, version=version, parent=parent).findings

    def run(
        self,
        spec: Spec,
        *,
        cluster: str | None = None,
        today: datetime.date | None = None,
        version: str | None = None,
        parent: Parent | None = None,
    ) -> Rendered:
        """Resolve, render and check a request.

        Args:
            spec: a request that was accepted for this fleet, or the fleet itself.
            cluster: the one cluster; by default all clusters of the request.
            today: the day for the check of expiry dates; without it they are not checked.
            version: the exact version of the golden path, if a lock pins one; by default the fleet's, else the newest.
            parent: a workload's tenant.

        Raises:
            InputError: the request is not on that cluster, or the golden path has no such version.
            RenderError: a template failed.
        """
        rendered = self._render(spec, cluster, version, parent)
        found = [finding for part in rendered.parts for finding in self._findings(rendered.kind, part)]
        if isinstance(spec, Tenant):
            platforms = [part.resolved.platform for part in rendered.parts]
            found += check_version_fields(spec, platforms, rendered.path.name, rendered.path.version)
        if today is not None and isinstance(spec, Envelope):
            found += check_expiry(spec, today)
        found = sorted(merge_equal_findings(found), key=lambda finding: (finding.severity.rank, finding))
        return replace(rendered, findings=tuple(found))

    def _findings(self, kind: RequestKind, part: RenderedOnCluster[Any]) -> list[Finding]:
        of_kind = [finding for check in kind.checks for finding in check(part)]
        of_objects = check_objects(part.objects, namespaces=part.namespaces, schemas=self.schemas)
        return [*of_kind, *of_objects, *check_versions(part.resolved.platform, part.objects)]

    def _render(
        self, spec: Spec, cluster: str | None, version: str | None, parent: Parent | None
    ) -> Rendered:
        pinned = version or self.fleet.golden_paths.get(spec.golden_path)
        path = self.library.get(spec.golden_path, version=pinned)
        kind = kind_of(path)
        compiled = compile_path(path, shared_parts_of(path))
        everywhere = self._resolve_all(kind, spec, parent)
        overrides = spec.overrides if isinstance(spec, Envelope) else ()
        known: dict[str, RenderedFile] = {}
        parts = []
        for resolved in _on_cluster(everywhere, cluster):
            files = compiled.render(words_of(path, resolved, everywhere), known)
            known |= {file.path: file for file in files}
            if kind.subject is Subject.WORKLOAD and resolved.is_retiring:
                # A retiring workload keeps no file on the cluster that it leaves, so Flux prunes its objects.
                files = tuple(file for file in files if not file.path.startswith(CLUSTER_FOLDERS))
            manifests = Manifests(
                tuple(with_overrides(file, overrides) for file in files), resolved.ref.names
            )
            tenant_objects = self._tenant_objects(parent, resolved.cluster_name)
            parts.append(RenderedOnCluster(resolved, manifests, tenant_objects))
        return Rendered(spec, path, kind, tuple(parts))

    def _resolve_all(self, kind: RequestKind, spec: Spec, parent: Parent | None) -> tuple[Resolved, ...]:
        tenant = parent.tenant if parent else None
        return tuple(
            kind.resolve(
                spec,
                self.platforms[name],
                Tenancy(tenant, self.platforms[name]) if tenant is not None else None,
            )
            for name in kind.clusters(spec, self.fleet, tenant)
        )

    def _tenant_objects(self, parent: Parent | None, cluster: str) -> tuple[ManifestObject, ...]:
        """Return the rendered objects of a workload's tenant. The last tenant is kept: callers go tenant by tenant."""
        if parent is None:
            return ()
        last = self._last_parent
        if last is None or last[0] is not parent:
            last = (parent, self._render(parent.tenant, None, parent.version, None))
            self._last_parent = last
        on_cluster = (part for part in last[1].parts if part.resolved.cluster_name == cluster)
        return next((part.objects for part in on_cluster), ())


def _on_cluster(everywhere: tuple[Resolved, ...], cluster: str | None) -> tuple[Resolved, ...]:
    names = [resolved.cluster_name for resolved in everywhere]
    if cluster is not None and cluster not in names:
        is_platform = bool(everywhere) and everywhere[0].ref.subject is Subject.PLATFORM
        subject = "the fleet" if is_platform or not everywhere else everywhere[0].ref.path
        message = f"is not a cluster of {subject}; name one of {', '.join(names)}"
        raise InputError([Problem("cluster", "unknown-cluster", message, cluster, nearest(cluster, names))])
    return tuple(resolved for resolved in everywhere if cluster in {None, resolved.cluster_name})


def render(request: Envelope, fleet: FleetSpec, cluster: str | None = None) -> Manifests:
    """Render one request, as :meth:`Pipeline.render` does; for many requests, create a pipeline."""
    return Pipeline(fleet).render(request, cluster=cluster)


def check(
    request: Envelope, fleet: FleetSpec, cluster: str | None = None, today: datetime.date | None = None
) -> tuple[Finding, ...]:
    """Check one request, as :meth:`Pipeline.check` does; for many requests, create a pipeline."""
    return Pipeline(fleet).check(request, cluster=cluster, today=today)
