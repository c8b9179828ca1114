"""The story: a request is parsed, rendered and checked.

Each stage takes a frozen value and gives one; this module hands them on. Reading files happens here, so that
the stages need not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.check import check_expiry, check_tenancy
from goldenpath.errors import InputError, Problem
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.paths import GoldenPath, Library
from goldenpath.render import compile_path, platform_words, tenancy_words
from goldenpath.render.overrides import apply_overrides
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parse import parse_fleet, parse_tenant
from goldenpath.tenancy import Tenancy, platforms_of, tenancies_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator, Sequence

    from goldenpath.findings import Finding
    from goldenpath.spec.fleet import FleetSpec
    from goldenpath.spec.tenant import Tenant

__all__ = ["Pipeline", "check", "load", "load_fleet", "parse", "render"]

PLATFORM_PATH = "platform/v1"


@cache
def builtin_library() -> Library:
    """The built-in golden paths."""
    return Library()


def load_fleet(file: str | Path) -> FleetSpec:
    """Read a fleet (``goldenpath.yaml``).

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    return parse_fleet(kubeyaml.load_file(Path(file)), file=str(file))


def load(file: str | Path, *, fleet: FleetSpec | None = None, library: Library | None = None) -> Tenant:
    """Read a request; with a fleet, hold it against that fleet too.

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    return parse(kubeyaml.load_file(Path(file)), fleet=fleet, library=library, file=str(file))


def parse(
    document: Any, *, fleet: FleetSpec | None = None, library: Library | None = None, file: str | None = None
) -> Tenant:
    """A request from a document that was read already, such as a form's values.

    Raises:
        InputError: with every problem.
    """
    problems: list[Problem] = []
    check_inputs = None
    named = document.get("golden_path") if isinstance(document, dict) else None
    if isinstance(named, str):
        try:
            path = (library or builtin_library()).get(named)
        except InputError as error:
            problems += (problem.in_file(file) if file else problem for problem in error.problems)
        else:
            check_inputs = path.inputs.problems
            if not path.is_for_tenants:
                problems.append(
                    Problem(
                        "golden_path",
                        "wrong-golden-path",
                        "is rendered from the fleet alone, not from a request",
                        named,
                        file=file,
                    )
                )
    try:
        tenant = parse_tenant(document, fleet=fleet, check_inputs=check_inputs, file=file)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return tenant


class Pipeline:
    """A fleet and the golden paths, ready for many tenants: templates are compiled once."""

    def __init__(self, fleet: FleetSpec, *, library: Library | None = None) -> None:
        self.fleet = fleet
        self.library = library or builtin_library()
        self.platforms = platforms_of(fleet)

    def tenancies(self, tenant: Tenant, cluster: str | None = None) -> tuple[Tenancy, ...]:
        """The tenant on each of its clusters, or on the one named.

        Raises:
            InputError: the tenant is not on that cluster.
        """
        everywhere = tenancies_of(tenant, self.platforms)
        if cluster is None:
            return everywhere
        names = [tenancy.cluster_name for tenancy in everywhere]
        if cluster not in names:
            message = f"{tenant.name} is on {', '.join(names)}"
            raise InputError(
                [Problem("cluster", "unknown-cluster", message, cluster, nearest(cluster, names))]
            )
        return tuple(tenancy for tenancy in everywhere if tenancy.cluster_name == cluster)

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
        path = self.library.get(tenant.golden_path, version=version)
        return self._render_tenancies(path, self.tenancies(tenant, cluster), self.tenancies(tenant))

    def _render_tenancies(
        self, path: GoldenPath, wanted: Iterable[Tenancy], everywhere: Sequence[Tenancy]
    ) -> Manifests:
        compiled = compile_path(path)
        files: dict[str, RenderedFile] = {}
        for tenancy in wanted:
            for file in compiled.render(tenancy_words(path, tenancy, everywhere)):
                files[file.path] = _with_overrides(file, tenancy.tenant)
        return Manifests(tuple(files.values()))

    def render_platform(self, cluster: str | None = None, *, version: str | None = None) -> Manifests:
        """What the tenants of a cluster share, from the fleet alone; for all clusters, or for one.

        Raises:
            InputError: the cluster or the version is not there.
            RenderError: a template failed.
        """
        if cluster is not None and cluster not in self.platforms:
            message = f"the fleet has {', '.join(self.platforms)}"
            raise InputError(
                [Problem("cluster", "unknown-cluster", message, cluster, nearest(cluster, self.platforms))]
            )
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
        """Everything that the checks have to say about a tenant, worst first.

        Args:
            tenant: a request that was accepted for this fleet.
            cluster: only on this one.
            today: the day against which expiry dates are held; without it they are not.
            version: the golden path's exact version, where a lock pins one.
        """
        found = self._findings(tenant, cluster, today, version)
        return tuple(sorted(found, key=lambda finding: (finding.severity.rank, finding)))

    def _findings(
        self, tenant: Tenant, cluster: str | None, today: datetime.date | None, version: str | None
    ) -> Iterator[Finding]:
        path, everywhere = self.library.get(tenant.golden_path, version=version), self.tenancies(tenant)
        for tenancy in self.tenancies(tenant, cluster):
            manifests = self._render_tenancies(path, [tenancy], everywhere)
            yield from check_tenancy(tenancy, manifests.objects())
        if today is not None:
            yield from check_expiry(tenant, today)


def render(tenant: Tenant, fleet: FleetSpec, cluster: str | None = None) -> Manifests:
    """One tenant's manifests, as :meth:`Pipeline.render` gives them; make a pipeline for many."""
    return Pipeline(fleet).render(tenant, cluster=cluster)


def check(
    tenant: Tenant, fleet: FleetSpec, cluster: str | None = None, today: datetime.date | None = None
) -> tuple[Finding, ...]:
    """One tenant's findings, as :meth:`Pipeline.check` gives them; make a pipeline for many."""
    return Pipeline(fleet).check(tenant, cluster=cluster, today=today)


def _with_overrides(file: RenderedFile, tenant: Tenant) -> RenderedFile:
    if not tenant.overrides or not file.path.endswith(".yaml"):
        return file
    return RenderedFile(file.path, apply_overrides(file.text, tenant.overrides))
