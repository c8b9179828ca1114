"""What a fleet repository has of its tenants: each request, and the objects that Flux applies for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.fleet.request_lookup import existing, request_of
from goldenpath.live.status import Expected
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.spec.ref import Ref
from goldenpath.tenancy import tenancies_of
from goldenpath.tenancy.repository_paths import CLUSTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.owned_files import OwnedFiles

__all__ = ["PublishedTenants", "published_tenants"]


@dataclass(frozen=True, slots=True)
class PublishedTenants:
    """One commit of a fleet: its clusters, the tenants on each, and requests that cannot be read."""

    commit: str | None
    clusters: tuple[str, ...]
    expected: dict[str, list[Expected]]
    problems: tuple[Problem, ...]


def published_tenants(fleet: Fleet, name: str | None = None) -> PublishedTenants:
    """The tenants of a fleet repository, or the one that is named.

    The objects are those of its files, hand edits and all: that is what Flux applies.

    Raises:
        InputError: there is no such tenant, or its request cannot be read; of all tenants, one that cannot be read is
            only listed among the problems.
        RepositoryError: the repository cannot be read.

    """
    state = fleet.state()
    problems: list[Problem] = []
    expected: dict[str, list[Expected]] = {}
    if name is None:
        wanted = [holdings for holdings in state.tree.tenants() if holdings.request is not None]
    else:
        wanted = [existing(state, Ref.of_tenant(name))]
    for holdings in wanted:
        try:
            for each in _expected(state, holdings):
                expected.setdefault(each.tenancy.cluster_name, []).append(each)
        except InputError as error:
            if name is not None:
                raise
            problems += error.problems
    clusters = tuple(cluster for cluster in state.context.spec.clusters if cluster in expected)
    return PublishedTenants(state.snapshot.commit, clusters, expected, tuple(problems))


def _expected(state: FleetState, holdings: OwnedFiles) -> Iterator[Expected]:
    path, text = request_of(state, holdings)
    tenant = state.context.parse(kubeyaml.load(text, name=path, written=True), path, is_new=False)
    files = {
        file: entry.id
        for file, entry in state.tree.files(holdings).items()
        if file.startswith(f"{CLUSTERS}/") and file.endswith(".yaml")
    }
    texts = dict(state.tree.reader.blobs(set(files.values())))
    for tenancy in tenancies_of(tenant, state.context.pipeline.platforms):
        own = f"{CLUSTERS}/{tenancy.cluster_name}/"
        rendered = tuple(
            RenderedFile(file, texts[id_].decode()) for file, id_ in files.items() if file.startswith(own)
        )
        yield Expected(tenancy, Manifests(rendered).objects())
