"""Moves the tag that a cluster follows, only to newer indexes, also when several processes push at the same time.

No registry can compare and swap a tag. Each pusher therefore first stores its index under its own tag
(``serial-000000000042.latest``). It then moves the shared tag, looks for a newer index, and moves the tag on to that. The
last pusher leaves the tag at the newest index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath import names
from goldenpath.artifacts.cluster_index import INDEX_LIST, IndexRef, ListedArtifact, listed_in
from goldenpath.artifacts.signed_storage import ensure_signed, ensure_stored
from goldenpath.artifacts.verification import verify
from goldenpath.errors import ArtifactRefusedError, InputError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Signer, Trust

__all__ = [
    "PublishedIndex",
    "check_not_older",
    "index_repository",
    "move_tag",
    "newest_index",
    "push_index",
    "serial_tag",
    "serial_tags",
    "signed_index",
]

_SERIAL_TAG: Final = re.compile(r"serial-([0-9]{12})\.(.+)", re.DOTALL)
_MOVES: Final = 5


@dataclass(frozen=True, slots=True)
class PublishedIndex:
    """A signed index in a registry."""

    serial: int
    digest: str
    commit: str
    listed: tuple[ListedArtifact, ...]

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(each.digest for each in self.listed)


def index_repository(client: RegistryClient, cluster: str) -> str:
    return client.address.repository(IndexRef(cluster), cluster)


def serial_tag(serial: int, tag: str) -> str:
    """Return the lasting tag of an index that was pushed to ``tag``."""
    return f"serial-{serial:012d}.{tag}"


def serial_tags(client: RegistryClient, cluster: str, tag: str) -> Iterator[tuple[int, str]]:
    """Yield serial and name of each lasting tag, the newest first. The serials are not verified.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.
    """
    found = map(_SERIAL_TAG.fullmatch, client.tags(index_repository(client, cluster)))
    of_tag = [match for match in found if match and match[2] == tag]
    for match in sorted(of_tag, key=lambda match: match[1], reverse=True):
        yield int(match[1]), match[0]


def signed_index(client: RegistryClient, cluster: str, reference: str, trust: Trust) -> PublishedIndex:
    """Verify the index of a tag or digest.

    Raises:
        ArtifactRefusedError: the index does not exist, belongs to another cluster, or has no trusted signature.
        RegistryError: the registry refuses, or cannot be reached.
    """
    found = verify(
        client,
        index_repository(client, cluster),
        reference,
        owner=IndexRef(cluster),
        cluster=cluster,
        trust=trust,
        more=(names.ARTIFACT_SERIAL,),
    )
    listed = listed_in(found.files.get(INDEX_LIST, b"{}"))
    return PublishedIndex(int(found.annotations[names.ARTIFACT_SERIAL]), found.digest, found.commit, listed)


def newest_index(
    client: RegistryClient, cluster: str, tag: str, trust: Trust, *, above: int = 0
) -> PublishedIndex | None:
    """Return the signed index with the highest serial above ``above`` that was pushed to a tag, or None.

    Unsigned indexes are skipped. Otherwise anyone with write access to the registry could stop all pushes.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.
    """
    for serial, name in serial_tags(client, cluster, tag):
        if serial <= above:
            return None
        try:
            found = signed_index(client, cluster, name, trust)
        except ArtifactRefusedError:
            continue
        if found.serial == serial:
            return found
    return None


def check_not_older(
    client: RegistryClient, cluster: str, tag: str, serial: int, trust: Trust, *, field: str = "--at"
) -> None:
    """Check that the registry has no newer index than ``serial``.

    Raises:
        InputError: the registry has a newer index.
        RegistryError: the registry refuses, or cannot be reached.
    """
    newest = newest_index(client, cluster, tag, trust, above=serial)
    if newest is not None:
        message = (
            f"gives cluster {cluster} the index {serial:,}, but {tag} already has {newest.serial:,} of the commit "
            f"{newest.commit[:12]}; push the newest commit. For a rollback, push a new commit (`git revert`)"
        )
        raise InputError.of(field, "older-index", message)


def push_index(
    client: RegistryClient, index: Artifact, tag: str, signer: Signer
) -> tuple[bool, bool, PublishedIndex | None]:
    """Store and sign an index, and move the tag to it, or to a newer index that another pusher has stored.

    Returns:
        Whether the tag moved, whether the registry had the signature before, and the newer index, if there is one.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or other pushers keep moving the tag.
    """
    cluster = index.source.cluster
    repository = index_repository(client, cluster)
    serial = int(index.source.more[names.ARTIFACT_SERIAL])
    ensure_stored(client, repository, index, serial_tag(serial, tag))
    was_signed = ensure_signed(client, repository, index, signer)
    moved = client.tag_digest(repository, tag) != index.digest
    if moved:
        client.put_manifest(repository, tag, index.manifest)
    return moved, was_signed, _follow_newer(client, cluster, tag, serial, signer.trust)


def move_tag(
    client: RegistryClient, tag: str, manifest: Blob, *, cluster: str, serial: int, trust: Trust
) -> PublishedIndex | None:
    """Move a tag to an index with a :func:`serial_tag`, or to a newer index that another pusher has stored.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or other pushers keep moving the tag.
    """
    client.put_manifest(index_repository(client, cluster), tag, manifest)
    return _follow_newer(client, cluster, tag, serial, trust)


def _follow_newer(
    client: RegistryClient, cluster: str, tag: str, serial: int, trust: Trust
) -> PublishedIndex | None:
    repository = index_repository(client, cluster)
    newer: PublishedIndex | None = None
    for _ in range(_MOVES):
        following = newest_index(client, cluster, tag, trust, above=newer.serial if newer else serial)
        if following is None:
            return newer
        newer = following
        manifest = client.manifest(repository, newer.digest)
        if manifest is not None:
            client.put_manifest(repository, tag, Blob(media_types.MANIFEST, manifest.data))
    raise RegistryError(
        f"{client.address.host}/{repository}: other pushers keep moving {tag}; run the same command again"
    )
