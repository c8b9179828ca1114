"""Builds the artifacts of a commit of the fleet repository: one for each owner's folder on each cluster."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from goldenpath.artifacts.artifact import Artifact, ArtifactSource
from goldenpath.artifacts.folder_commits import last_commits
from goldenpath.errors import InputError, Problem
from goldenpath.git.objects import FILE_MODE, SUBMODULE_MODE, SYMLINK_MODE
from goldenpath.repository.owned_files import tree_id_of
from goldenpath.spec.nearest import nearest
from goldenpath.spec.ref import Ref
from goldenpath.tenancy.repository_paths import CLUSTERS, RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import Repository, TreeEntry

__all__ = ["artifacts_by_cluster", "chosen_clusters"]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that becomes an artifact, with its files by their paths in the folder."""

    owner: Ref
    cluster: str
    path: str
    files: Mapping[str, TreeEntry]


def chosen_clusters(state: FleetState, cluster: str | None) -> tuple[str, ...]:
    """Return one cluster of the fleet, or all of them for None.

    Raises:
        InputError: the fleet repository has no folder of the cluster.
    """
    clusters = state.tree.clusters
    if cluster is None:
        return clusters
    if cluster not in clusters:
        near = nearest(cluster, clusters)
        raise InputError(
            [Problem("--cluster", "unknown-cluster", "has no folder in this fleet repository", cluster, near)]
        )
    return (cluster,)


def artifacts_by_cluster(
    repository: Repository, state: FleetState, cluster: str | None = None
) -> Iterator[tuple[str, Iterator[Artifact]]]:
    """Yield the artifacts of each cluster: the platform, then the tenants, then their workloads.

    Raises:
        InputError: the cluster is unknown, or a folder has a file that an artifact cannot hold, or is in the wrong place. The
            error has every problem.
        RepositoryError: the repository is a shallow clone.
    """
    chosen = chosen_clusters(state, cluster)
    folders = [folder for name in chosen for folder in _folders(state, name)]
    problems = [*_misplaced(state, chosen), *chain.from_iterable(map(_problems, folders))]
    if problems:
        raise InputError(problems)
    for name in chosen:
        of_cluster = [folder for folder in folders if folder.cluster == name]
        yield name, _build_artifacts(repository, state, name, of_cluster)


def _build_artifacts(
    repository: Repository, state: FleetState, cluster: str, folders: list[_Folder]
) -> Iterator[Artifact]:
    commit = state.snapshot.commit or ""
    root = f"{CLUSTERS}/{cluster}"
    commits = last_commits(repository, commit, root, [folder.path for folder in folders])
    for folder in folders:
        info = commits[folder.path]
        ids = {path: entry.id for path, entry in folder.files.items()}
        contents = dict(state.snapshot.blobs(set(ids.values())))
        source = ArtifactSource(folder.owner, cluster, tree_id_of(ids), info.id, info.when, folder.path)
        yield Artifact(source, {path: contents[identity] for path, identity in ids.items()})


def _folders(state: FleetState, cluster: str) -> Iterator[_Folder]:
    tree = state.tree
    platform = Ref.of_platform(cluster)
    entry = tree.listing(f"{CLUSTERS}/{cluster}").get("platform")
    if entry is not None and entry.is_tree:
        yield _folder(state, platform, cluster, entry.id)
    for owned in chain(tree.tenants(), tree.all_workloads()):
        identity = owned.folders.get(owned.paths.folder(cluster))
        if identity is not None:
            yield _folder(state, owned.ref, cluster, identity)


def _folder(state: FleetState, owner: Ref, cluster: str, identity: str) -> _Folder:
    paths = RepositoryPaths(owner, state.context.layout)
    path = paths.folder(cluster)
    there = state.tree.below(path, identity)
    # The folder of a tenant with the name of a shard also holds folders of other tenants.
    files = {file.removeprefix(f"{path}/"): entry for file, entry in there.items() if paths.owns(file)}
    return _Folder(owner, cluster, path, files)


def _misplaced(state: FleetState, clusters: tuple[str, ...]) -> Iterator[Problem]:
    roots = tuple(f"{CLUSTERS}/{cluster}/" for cluster in clusters)
    for owned in chain(state.tree.tenants(), state.tree.all_workloads()):
        for place in owned.misplaced:
            if place.startswith(roots):
                message = f"is not where the fleet's layout puts {owned.ref}; publish {owned.ref} again"
                yield Problem("", "misplaced", message, file=place)


def _problems(folder: _Folder) -> Iterator[Problem]:
    """The files that an artifact cannot hold. Flux drops links, and a file mode would change the digest."""
    for path, entry in folder.files.items():
        if entry.mode != FILE_MODE:
            kind = {SYMLINK_MODE: "a symbolic link", SUBMODULE_MODE: "a submodule"}.get(
                entry.mode, f"of mode {entry.mode & 0o7777:04o}"
            )
            message = f"is {kind}, but an artifact holds plain files of mode 0644; remove it, or publish its owner again"
            yield Problem("", "plain-file", message, file=f"{folder.path}/{path}")
