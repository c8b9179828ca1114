"""Every artifact of a commit, in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.artifacts.owned_folders import artifacts_by_cluster

if TYPE_CHECKING:
    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.fleet import Fleet


def artifacts_of(fleet: Fleet, cluster: str | None = None) -> list[Artifact]:
    clusters = artifacts_by_cluster(fleet.store.repository, fleet.state(), cluster)
    return [artifact for _, artifacts in clusters for artifact in artifacts]
