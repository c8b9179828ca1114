"""Finds manifests of a fleet that no cluster needs any more, and removes them.

Pruning keeps each index that a moving tag points to, and the newest indexes of each such tag. It keeps every artifact that
these indexes name, and every bundle of a kept manifest. It removes all other manifests of the fleet's repositories.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.artifacts.cluster_index import INDEX_LIST, listed_in, owner_of
from goldenpath.artifacts.index_publishing import index_repository, serial_tags
from goldenpath.artifacts.owned_folders import chosen_clusters
from goldenpath.artifacts.verification import MAX_LAYER_BYTES
from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.oci.archive_reading import files_in
from goldenpath.oci.referrers import fallback_tag, referrers_of
from goldenpath.oci.strict_json import object_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.artifacts.cluster_index import ListedArtifact
    from goldenpath.fleet import Fleet
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["Prunable", "prunable", "remove"]

_LASTING: Final = re.compile(r"[0-9a-f]{40}|serial-[0-9]{12}\..+", re.DOTALL)
_OF_BUNDLES: Final = re.compile(r"sha256-[0-9a-f]{64}(?:\..+)?")


@dataclass(frozen=True, slots=True)
class Prunable:
    """A manifest that no kept index names, with its tags and the digests of its bundles (``referrers``)."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    referrers: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "repository": self.repository,
            "digest": self.digest,
            "tags": list(self.tags),
            "referrers": list(self.referrers),
        }


def prunable(
    fleet: Fleet, client: RegistryClient, *, keep: int, cluster: str | None = None
) -> Iterator[Prunable]:
    """Yield the manifests that may be removed, cluster by cluster.

    ``keep`` is the number of the newest indexes to keep of each tag, in addition to the index that the tag points to.

    Raises:
        InputError: the cluster is unknown, or ``keep`` is below 1.
        ArtifactRefusedError: a kept index cannot be read, so its artifacts are unknown; nothing is prunable.
        RegistryError: the registry refuses, or cannot be reached.
    """
    if keep < 1:
        raise InputError.of("--keep", "range", "must be 1 or more", keep)
    for name in chosen_clusters(fleet.state(), cluster):
        yield from _prunable_of_cluster(client, name, keep)


def remove(client: RegistryClient, found: Prunable) -> None:
    """Remove a manifest: first the list of its bundles, then the bundles, then the manifest. Missing ones are no error.

    Raises:
        RegistryError: the registry does not delete, refuses, or cannot be reached.
    """
    listed = client.tag_digest(found.repository, fallback_tag(found.digest))
    for digest in (*((listed,) if listed else ()), *found.referrers, found.digest):
        client.delete_manifest(found.repository, digest)
    # Most registries remove the tags with the manifest. The registry of go-containerregistry keeps them.
    for tag in found.tags:
        if client.tag_digest(found.repository, tag) == found.digest:
            client.delete_manifest(found.repository, tag)


def _prunable_of_cluster(client: RegistryClient, cluster: str, keep: int) -> Iterator[Prunable]:
    place = index_repository(client, cluster)
    indexes = _tags_by_digest(client, place)
    kept = _kept_indexes(client, cluster, indexes, keep)
    if not kept:
        return
    needed: defaultdict[str, set[str]] = defaultdict(set, {place: kept})
    owners: set[str] = set()
    for digest in indexes:
        for repository, artifact in _named_artifacts(client, cluster, digest, must_be_read=digest in kept):
            owners.add(repository)
            if digest in kept:
                needed[repository].add(artifact)
    for repository in sorted({place, *owners}):
        manifests = indexes if repository == place else _tags_by_digest(client, repository)
        for digest, tags in sorted(manifests.items()):
            if digest not in needed[repository] and not _has_moving_tag(tags):
                yield Prunable(
                    repository, digest, tuple(sorted(tags)), referrers_of(client, repository, digest)
                )


def _has_moving_tag(tags: list[str]) -> bool:
    """Whether a tag names neither a commit nor a serial, so that a person or a push moves it."""
    return not all(_LASTING.fullmatch(tag) for tag in tags)


def _kept_indexes(client: RegistryClient, cluster: str, indexes: dict[str, list[str]], keep: int) -> set[str]:
    digests = {tag: digest for digest, tags in indexes.items() for tag in tags}
    followed = {tag.partition(".")[2] if _LASTING.fullmatch(tag) else tag for tag in digests}
    kept = {digest for digest, tags in indexes.items() if _has_moving_tag(tags)}
    for tag in followed:
        newest = [name for _, name in serial_tags(client, cluster, tag)][:keep]
        kept |= {digests[name] for name in newest if name in digests}
    return kept


def _named_artifacts(
    client: RegistryClient, cluster: str, digest: str, *, must_be_read: bool
) -> Iterator[tuple[str, str]]:
    """Repository and digest of each artifact that an index names."""
    try:
        for each in _listed(client, index_repository(client, cluster), digest):
            yield client.address.repository(owner_of(each.owner), cluster), each.digest
    except ArtifactRefusedError:
        if must_be_read:
            raise


def _tags_by_digest(client: RegistryClient, repository: str) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for tag in client.tags(repository):
        # A list of bundles is removed with its manifest.
        if not _OF_BUNDLES.fullmatch(tag) and (digest := client.tag_digest(repository, tag)):
            found[digest].append(tag)
    return found


def _listed(client: RegistryClient, repository: str, digest: str) -> tuple[ListedArtifact, ...]:
    """The artifacts that an index names. The digest identifies the index, so its signature is not verified."""
    manifest = client.manifest(repository, digest)
    if manifest is None:
        return ()
    match object_in(manifest.data, "the manifest of the index").get("layers"):
        case [{"digest": str(layer)}]:
            files = files_in(client.blob(repository, layer, limit=MAX_LAYER_BYTES))
            return listed_in(files.get(INDEX_LIST, b"{}"))
        case _:
            raise ArtifactRefusedError(
                "one-layer", f"{repository}@{digest} is not an index: it must have one layer"
            )
