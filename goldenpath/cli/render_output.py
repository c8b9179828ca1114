"""Renders a request or a fleet, and writes the files: as a fleet repository, or as one folder."""

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

    ``owned`` are the places whose manifests belong to this rendering alone. ``former`` are places where an
    earlier request may have left something that only retiring it may remove.
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
    """The manifests of a request, or of what the tenants of each cluster share.

    Args:
        pipeline: fleet and golden paths.
        spec: a request that was accepted for the fleet, or the fleet itself.
        text: the request as it was written, to be kept beside the manifests.
        cluster: only this one; its files then go into a folder named after the tenant, workload or cluster.
        for_one: whether the manifests must be for one cluster.
        parent: a workload's tenant.

    Raises:
        InputError: it is not on the cluster, or there are several and one must be named.

    """
    found = pipeline.resolve(spec, cluster=cluster, parent=parent)
    clusters = [resolved.cluster_name for resolved in found]
    is_platform = found[0].ref.subject is Subject.PLATFORM
    if for_one:
        _one_of("the fleet" if is_platform else found[0].ref.path, clusters)
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
    """The places on its cluster where nothing else is."""
    paths = RepositoryPaths(resolved.ref, resolved.platform.layout)
    folder = paths.folder(resolved.cluster_name)
    return (
        (folder,) if resolved.ref.subject is Subject.PLATFORM else (folder, paths.flux(resolved.cluster_name))
    )


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
