"""Renders a request or a fleet into the files of a fleet repository, or of one folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import InputError
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.spec.ref import Subject
from goldenpath.tenancy import RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.pipeline import Parent, Pipeline
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy import Resolved

__all__ = ["Rendering", "render_files"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """Rendered manifests and the files to write.

    ``owned`` are the folders whose manifests belong to this rendering alone. ``former`` are folders that may hold manifests
    of an earlier request, which only a retirement may remove.
    """

    manifests: Manifests
    files: tuple[RenderedFile, ...]
    owned: tuple[str, ...]
    former: tuple[str, ...] = ()


def render_files(
    pipeline: Pipeline,
    spec: Envelope | FleetSpec,
    text: str,
    cluster: str | None,
    *,
    for_one: bool,
    parent: Parent | None = None,
) -> Rendering:
    """Render a request, or the objects that the tenants of each cluster share.

    Args:
        pipeline: fleet and golden paths.
        spec: a valid request of the fleet, or the fleet itself.
        text: the text of the request, which is written with the manifests.
        cluster: render only this cluster, into a folder named after the tenant, workload or cluster.
        for_one: refuse a request for several clusters.
        parent: a workload's tenant.

    Raises:
        InputError: the request is not for the cluster, or it is for several clusters and ``for_one`` is set.
    """
    found = pipeline.resolve(spec, cluster=cluster, parent=parent)
    clusters = [resolved.cluster_name for resolved in found]
    is_platform = found[0].ref.subject is Subject.PLATFORM
    if for_one:
        _check_one_cluster("the fleet" if is_platform else found[0].ref.path, clusters)
    manifests = pipeline.render(spec, cluster=cluster, parent=parent)
    owned = tuple(place for resolved in found for place in _places(resolved))
    if cluster is not None:
        return _inside(found[0].ref.name, Rendering(manifests, manifests.files, owned))
    if is_platform:
        return Rendering(manifests, manifests.files, owned)
    paths = RepositoryPaths(found[0].ref, found[0].platform.layout)
    others = [name for name in pipeline.platforms if name not in clusters]
    former = tuple(place for name in others for place in (paths.folder(name), paths.flux(name)))
    return Rendering(manifests, (RenderedFile(paths.request, text), *manifests.files), owned, former)


def _places(resolved: Resolved) -> tuple[str, ...]:
    """The folders on its cluster that belong to this owner alone."""
    paths = RepositoryPaths(resolved.ref, resolved.platform.layout)
    folder = paths.folder(resolved.cluster_name)
    return (
        (folder,) if resolved.ref.subject is Subject.PLATFORM else (folder, paths.flux(resolved.cluster_name))
    )


def _check_one_cluster(owner: str, clusters: list[str]) -> None:
    if len(clusters) > 1:
        message = f"is required: {owner} is on {', '.join(clusters)}; choose one"
        raise InputError.of("--cluster", "required", message)


def _inside(folder: str, rendering: Rendering) -> Rendering:
    def moved(places: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"{folder}/{place}" for place in places)

    files = tuple(RenderedFile(f"{folder}/{file.path}", file.text) for file in rendering.files)
    return replace(rendering, files=files, owned=moved(rendering.owned))
