"""Reads tenants and workloads from a fleet repository: each request, and the objects that Flux applies for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.fleet.request_lookup import existing, request_of, tenants_of
from goldenpath.live.status import Expected
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.pipeline import parent_of
from goldenpath.spec.ref import Ref
from goldenpath.tenancy import Tenancy, WorkloadOnCluster
from goldenpath.tenancy.registry_reading import as_applied
from goldenpath.tenancy.repository_paths import CLUSTER_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.owned_files import OwnedFiles

__all__ = ["PublishedTenants", "published_tenants"]


@dataclass(frozen=True, slots=True)
class PublishedTenants:
    """One commit of a fleet: the clusters, the tenants and workloads on each, and problems of unreadable requests."""

    commit: str | None
    clusters: tuple[str, ...]
    expected: dict[str, list[Expected]]
    problems: tuple[Problem, ...]


def published_tenants(fleet: Fleet, name: str | None = None) -> PublishedTenants:
    """Read all tenants and workloads of a fleet repository, or one tenant with its workloads, or one workload.

    The objects come from the repository's files with their hand edits, as Flux applies them.

    Args:
        fleet: the repository.
        name: a tenant, or a workload as ``<tenant>/<workload>``; by default all.

    Raises:
        InputError: the fleet has no such tenant or workload, or its request is not valid. Without ``name``, invalid
            requests are only listed in the problems.
        RepositoryError: the repository cannot be read.
    """
    state = fleet.state()
    problems: list[Problem] = []
    expected: dict[str, list[Expected]] = {}
    for owned in _wanted(state, name):
        try:
            for each in _expected(state, owned):
                expected.setdefault(each.resolved.cluster_name, []).append(each)
        except InputError as error:
            if name is not None:
                raise
            problems += error.problems
    clusters = tuple(cluster for cluster in state.context.spec.clusters if cluster in expected)
    return PublishedTenants(state.snapshot.commit, clusters, expected, tuple(problems))


def _wanted(state: FleetState, name: str | None) -> Iterator[OwnedFiles]:
    if name is not None:
        wanted = existing(state, Ref.parse(name))
        tenants: Iterable[OwnedFiles] = (wanted,)
    else:
        tenants = state.tree.tenants()
    for tenant in tenants:
        yield tenant
        if tenant.ref.parent is None:
            yield from state.tree.workloads(tenant.name)


def _expected(state: FleetState, owned: OwnedFiles) -> Iterator[Expected]:
    if owned.request is None:
        return
    path, text = request_of(state, owned)
    tenants = tenants_of(state)
    document = kubeyaml.load(text, name=path, written=True)
    spec = state.context.parse(document, path, tenants=tenants, is_new=False)
    files = {
        file: entry.id
        for file, entry in state.tree.files(owned).items()
        if file.startswith(CLUSTER_FOLDERS) and file.endswith(".yaml")
    }
    texts = dict(state.tree.reader.blobs(set(files.values())))
    for resolved in state.context.pipeline.resolve(spec, parent=parent_of(spec, tenants)):
        own = f"{CLUSTER_FOLDERS}{resolved.cluster_name}/"
        rendered = tuple(
            RenderedFile(file, texts[id_].decode()) for file, id_ in files.items() if file.startswith(own)
        )
        if isinstance(resolved, Tenancy | WorkloadOnCluster):
            objects = as_applied(
                Manifests(rendered).objects(),
                resolved.cluster_name,
                from_registry=state.context.spec.delivery is not None,
            )
            yield Expected(resolved, objects)
