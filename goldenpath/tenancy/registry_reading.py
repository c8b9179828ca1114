"""Changes the source of Kustomizations for a cluster that reads a registry instead of Git.

In the fleet repository, each Kustomization reads a folder of ``GitRepository flux-system``. On a cluster with a registry,
it reads the artifact of that folder from an OCIRepository with its own name. Folders below ``flux/`` are in the index
artifact of the cluster. This module is pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from goldenpath.tenancy.repository_paths import CLUSTERS, FLUX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.manifests import ManifestObject

__all__ = ["INDEX_SOURCE", "GitReading", "as_applied", "git_reading"]

INDEX_SOURCE: Final = "flux-system"
"""The name of the OCIRepository of the index, and of the GitRepository of a cluster that reads Git."""


class GitReading(NamedTuple):
    """The folder of the fleet repository that a Kustomization reads, and the source and path in a registry."""

    folder: str
    source: str
    path: str

    def moved(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the Kustomization with the source and path in the registry."""
        source = {"kind": "OCIRepository", "name": self.source}
        return {**body, "spec": {**body["spec"], "path": self.path, "sourceRef": source}}


def git_reading(body: Any, cluster: str) -> GitReading | None:
    """Return the reading of a Kustomization; None for an object that does not read the fleet repository."""
    match body:
        case {
            "apiVersion": str(version),
            "kind": "Kustomization",
            "metadata": {"name": str(name)},
            "spec": {"path": str(path), "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
        } if version.startswith("kustomize.toolkit.fluxcd.io/"):
            folder = path.removeprefix("./").rstrip("/")
            below = folder.removeprefix(f"{CLUSTERS}/{cluster}/")
            if below != folder and below.partition("/")[0] == FLUX:
                return GitReading(folder, INDEX_SOURCE, f"./{below}")
            return GitReading(folder, name, "./")
        case _:
            return None


def as_applied(
    objects: Iterable[ManifestObject], cluster: str, *, from_registry: bool
) -> tuple[ManifestObject, ...]:
    """Return the objects of a cluster as Flux applies them: with registry sources if the cluster reads a registry."""
    if not from_registry:
        return tuple(objects)
    return tuple(
        item
        if (reading := git_reading(item.body, cluster)) is None
        else replace(item, body=reading.moved(item.body))
        for item in objects
    )
