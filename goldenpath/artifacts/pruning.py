"""Finds manifests of a fleet that no cluster needs any more, and removes them.

Kept is what an index in use names: those behind a tag that people move, and the newest ones of each such tag; with every
artifact that they name, and every bundle about any of these. Everything else of the fleet's repositories goes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath.artifacts.cluster_index import INDEX_LIST, listed_in, owner_of
from goldenpath.artifacts.index_publishing import index_repository, serial_tags
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
    """A manifest that no index in use names.

    Attributes:
        repository: where it is.
        digest: which one.
        tags: the tags that go with it.
        referrers: digests of the bundles about it, which go first.

    """

    repository: str
    digest: str
    tags: tuple[str, ...]
    referrers: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "repository": self.repository,
            "digest": self.digest,
            "tags": list(self.tags),
            "referrers": list(self.referrers),
        }


@dataclass
class _Repository:
    """The tags of a repository by the digest that they stand for."""

    tags: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def in_use(self) -> set[str]:
        """What a tag stands for that neither a commit nor a serial is."""
        return {
            digest for digest, tags in self.tags.items() if not all(_LASTING.fullmatch(tag) for tag in tags)
        }


def prunable(
    fleet: Fleet, client: RegistryClient, *, keep: int, cluster: str | None = None
) -> Iterator[Prunable]:
    """What may be removed, cluster by cluster. Changes nothing.

    Args:
        fleet: the fleet repository, which says what clusters there are.
        client: the registry.
        keep: how many of the newest indexes of each tag are kept, beside the one that the tag stands for.
        cluster: only this cluster.

    Raises:
        InputError: there is no such cluster, or ``keep`` is below 1.
        ArtifactRefusedError: an index that is kept cannot be read, so what it names is not known; nothing is prunable.
        RegistryError: the registry refuses, or cannot be reached.

    """
    if keep < 1:
        raise InputError.of("--keep", "range", "must be 1 or more", keep)
    clusters = fleet.state().tree.clusters
    if cluster is not None and cluster not in clusters:
        raise InputError.of("--cluster", "unknown-cluster", "has no folder in this fleet repository", cluster)
    for name in clusters if cluster is None else (cluster,):
        yield from _of_cluster(client, name, keep)


def remove(client: RegistryClient, found: Prunable) -> None:
    """Remove a manifest: first the list of its bundles, then those, then itself. What is gone already is no error.

    Raises:
        RegistryError: the registry does not delete, refuses, or cannot be reached.

    """
    listed = client.tag_digest(found.repository, fallback_tag(found.digest))
    for digest in (*((listed,) if listed else ()), *found.referrers, found.digest):
        client.delete_manifest(found.repository, digest)
    # Most registries remove the tags with the manifest; go-containerregistry's keeps them.
    for tag in found.tags:
        if client.tag_digest(found.repository, tag) == found.digest:
            client.delete_manifest(found.repository, tag)


def _of_cluster(client: RegistryClient, cluster: str, keep: int) -> Iterator[Prunable]:
    place = index_repository(client, cluster)
    indexes = _read(client, place)
    kept = _kept(client, cluster, indexes, keep)
    if not kept:
        return
    needed: defaultdict[str, set[str]] = defaultdict(set, {place: kept})
    owners: set[str] = set()
    for digest in indexes.tags:
        for repository, artifact in _named(client, cluster, digest, must_be_read=digest in kept):
            owners.add(repository)
            if digest in kept:
                needed[repository].add(artifact)
    for repository in sorted({place, *owners}):
        there = indexes if repository == place else _read(client, repository)
        for digest, tags in sorted(there.tags.items()):
            if digest not in needed[repository] and digest not in there.in_use:
                yield Prunable(
                    repository, digest, tuple(sorted(tags)), referrers_of(client, repository, digest)
                )


def _kept(client: RegistryClient, cluster: str, indexes: _Repository, keep: int) -> set[str]:
    """The digests of the indexes that stay."""
    digests = {tag: digest for digest, tags in indexes.tags.items() for tag in tags}
    followed = {tag.partition(".")[2] if _LASTING.fullmatch(tag) else tag for tag in digests}
    kept = indexes.in_use
    for tag in followed:
        newest = [name for _, name in serial_tags(client, cluster, tag)][:keep]
        kept |= {digests[name] for name in newest if name in digests}
    return kept


def _named(
    client: RegistryClient, cluster: str, digest: str, *, must_be_read: bool
) -> Iterator[tuple[str, str]]:
    """Repository and digest of each artifact that an index names."""
    try:
        for each in _listed(client, index_repository(client, cluster), digest):
            yield client.address.repository(owner_of(each.owner), cluster), each.digest
    except ArtifactRefusedError:
        if must_be_read:
            raise


def _read(client: RegistryClient, repository: str) -> _Repository:
    found = _Repository()
    for tag in client.tags(repository):
        # A list of bundles goes with what it is about.
        if not _OF_BUNDLES.fullmatch(tag) and (digest := client.tag_digest(repository, tag)):
            found.tags[digest].append(tag)
    return found


def _listed(client: RegistryClient, repository: str, digest: str) -> tuple[ListedArtifact, ...]:
    """What an index names; its digest was asked for, so nothing else is verified."""
    manifest = client.manifest(repository, digest)
    if manifest is None:
        return ()
    match object_in(manifest.data, "the manifest of the index").get("layers"):
        case [{"digest": str(layer)}]:
            files = files_in(client.blob(repository, layer, limit=MAX_LAYER_BYTES))
            return listed_in(files.get(INDEX_LIST, b"{}"))
        case _:
            raise ArtifactRefusedError(
                "one-layer", f"{repository}@{digest} is not an index: it has not one layer"
            )
