"""Kustomizations of a cluster that reads a registry and not Git: the same objects, with another source. Pure.

In the fleet repository each Kustomization reads a folder of ``GitRepository flux-system``. On such a cluster it reads the
artifact of that folder, by an OCIRepository of its own name; what lies below ``flux/`` is in the cluster's index.
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
"""The OCIRepository of the index; of the GitRepository of a cluster that reads Git, too."""


class GitReading(NamedTuple):
    """What a Kustomization reads of the fleet repository: a folder, and its source and path without Git."""

    folder: str
    source: str
    path: str

    def moved(self, body: dict[str, Any]) -> dict[str, Any]:
        """The Kustomization with that source."""
        source = {"kind": "OCIRepository", "name": self.source}
        return {**body, "spec": {**body["spec"], "path": self.path, "sourceRef": source}}


def git_reading(body: Any, cluster: str) -> GitReading | None:
    """What an object reads of the fleet repository; None where it is no Kustomization that does."""
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
    """The objects of a cluster as Flux applies them there: with other sources, where it reads a registry."""
    if not from_registry:
        return tuple(objects)
    return tuple(
        item
        if (reading := git_reading(item.body, cluster)) is None
        else replace(item, body=reading.moved(item.body))
        for item in objects
    )
