"""Builds the index of a cluster as an artifact, with its serial, from a commit of the fleet repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath import names
from goldenpath.artifacts.artifact import Artifact, ArtifactSource
from goldenpath.artifacts.cluster_index import IndexRef, Pin, index_files, is_in_index
from goldenpath.artifacts.folder_commits import last_commits
from goldenpath.errors import InputError, Problem
from goldenpath.git import blob_id
from goldenpath.git.objects import FILE_MODE
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.repository.owned_files import tree_id_of
from goldenpath.tenancy.repository_paths import CLUSTERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import CommitInfo, Repository
    from goldenpath.spec.fleet_spec import Delivery

__all__ = ["build_index", "newest_serial", "pin_of"]


def newest_serial(repository: Repository, state: FleetState, cluster: str) -> tuple[int, CommitInfo]:
    """Return the serial of a cluster's index, and the last commit that changed the cluster's folder.

    The serial counts that commit and all commits before it. A later commit of the branch has a higher count, also after
    merges, so its index has a higher serial.

    Raises:
        RepositoryError: the repository is a shallow clone.
    """
    folder = f"{CLUSTERS}/{cluster}"
    info = last_commits(repository, state.snapshot.commit or "", CLUSTERS, [folder])[folder]
    return repository.count_commits(info.id), info


def pin_of(artifact: Artifact, delivery: Delivery) -> Pin:
    source = artifact.source
    address = RegistryAddress.parse(delivery.registry, "delivery.registry")
    return Pin(source, address.repository(source.owner, source.cluster), artifact.digest)


def build_index(
    repository: Repository, state: FleetState, cluster: str, pins: Iterable[Pin]
) -> Artifact | None:
    """Build the index of a cluster from the pins of all its artifacts. Return None if the fleet has no `delivery`.

    Raises:
        InputError: the cluster's folder cannot become an index. The error has every problem.
        RepositoryError: the repository is a shallow clone.
    """
    delivery = state.context.spec.delivery
    if delivery is None:
        return None
    root = f"{CLUSTERS}/{cluster}/"
    entries = {
        name: entry
        for path, entry in state.snapshot.files(root.rstrip("/")).items()
        if is_in_index(name := path.removeprefix(root))
    }
    problems = [
        Problem("", "plain-file", "must be a plain file of mode 0644", file=f"{root}{path}")
        for path, entry in entries.items()
        if entry.mode != FILE_MODE
    ]
    if problems:
        raise InputError(problems)
    contents = dict(state.snapshot.blobs({entry.id for entry in entries.values()}))
    serial, info = newest_serial(repository, state, cluster)
    files = index_files(
        {path: contents[entry.id] for path, entry in entries.items()},
        tuple(pins),
        delivery,
        cluster=cluster,
        serial=serial,
        commit=info.id,
    )
    tree = tree_id_of({path: blob_id(data) for path, data in files.items()})
    more = {names.ARTIFACT_SERIAL: str(serial)}
    return Artifact(ArtifactSource(IndexRef(cluster), cluster, tree, info.id, info.when, more=more), files)
