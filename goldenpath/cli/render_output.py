"""What is rendered for a request or a fleet, and where its files go: as a fleet repository, or as one folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import InputError
from goldenpath.manifests import Manifests, RenderedFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.pipeline import Pipeline
    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Layout

__all__ = ["Rendering", "render_platform", "render_tenant"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """Rendered manifests and the files to write.

    ``owned`` are the places whose manifests belong to this rendering alone. ``former`` are places where an
    earlier request may have left something that only retiring it may remove.
    """

    manifests: Manifests
    files: tuple[RenderedFile, ...]
    owned: tuple[str, ...]
    former: tuple[str, ...] = ()


def render_tenant(
    pipeline: Pipeline, tenant: Tenant, text: str, cluster: str | None, *, for_one: bool
) -> Rendering:
    """A tenant's manifests.

    Args:
        pipeline: fleet and golden paths.
        tenant: a request that was accepted for the fleet.
        text: the request as it was written, to be kept beside the manifests.
        cluster: only this one; its files then go into a folder named after the tenant.
        for_one: whether the manifests must be for one cluster.

    Raises:
        InputError: the tenant is not on the cluster, or has several clusters and one must be named.

    """
    clusters = [tenancy.cluster_name for tenancy in pipeline.tenancies(tenant, cluster)]
    if for_one:
        _one_of(tenant.name, clusters)
    layout = pipeline.platforms[clusters[0]].layout
    manifests = pipeline.render(tenant, cluster=cluster)
    owned = tuple(place for name in clusters for place in _places(layout, tenant.name, name))
    if cluster is not None:
        return _inside(tenant.name, Rendering(manifests, manifests.files, owned))
    request = RenderedFile(f"{layout.tenants(tenant.name)}/{tenant.name}/tenant.yaml", text)
    others = [name for name in pipeline.platforms if name not in clusters]
    former = tuple(place for name in others for place in _places(layout, tenant.name, name))
    return Rendering(manifests, (request, *manifests.files), owned, former)


def render_platform(pipeline: Pipeline, cluster: str | None, *, for_one: bool) -> Rendering:
    """What the tenants of a cluster, or of each cluster, share.

    Args:
        pipeline: fleet and golden paths.
        cluster: only this one; its files then go into a folder named after it.
        for_one: whether the manifests must be for one cluster.

    Raises:
        InputError: there is no such cluster, or there are several and one must be named.

    """
    clusters = list(pipeline.platforms) if cluster is None else [cluster]
    if for_one:
        _one_of("the fleet", clusters)
    manifests = pipeline.render_platform(cluster)
    rendering = Rendering(manifests, manifests.files, tuple(f"clusters/{name}/platform" for name in clusters))
    return rendering if cluster is None else _inside(cluster, rendering)


def _places(layout: Layout, tenant: str, cluster: str) -> tuple[str, str]:
    folder = f"clusters/{cluster}"
    return f"{folder}/{layout.tenants(tenant)}/{tenant}", f"{folder}/{layout.flux(tenant)}/{tenant}.yaml"


def _one_of(what: str, clusters: list[str]) -> None:
    if len(clusters) > 1:
        raise InputError.of(
            "--cluster", "required", f"{what} is on {', '.join(clusters)}; name one with --cluster"
        )


def _inside(folder: str, rendering: Rendering) -> Rendering:
    def moved(places: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"{folder}/{place}" for place in places)

    files = tuple(RenderedFile(f"{folder}/{file.path}", file.text) for file in rendering.files)
    return replace(rendering, files=files, owned=moved(rendering.owned))
