"""Promotion: what one tag stands for becomes what another tag stands for, here or in another registry.

Everything is verified first, and then copied as it is: same digests, same signatures. No key that signs is needed. The
tag that clusters follow moves last, and only forward.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.artifacts.cluster_index import owner_of
from goldenpath.artifacts.index_publishing import (
    check_not_older,
    index_repository,
    move_tag,
    serial_tag,
    signed_index,
)
from goldenpath.artifacts.verification import MAX_LAYER_BYTES, verify
from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.referrers import add_referrer, referrers_of
from goldenpath.oci.strict_json import object_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.artifacts.cluster_index import ListedArtifact
    from goldenpath.artifacts.index_publishing import PublishedIndex
    from goldenpath.fleet import Fleet
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Trust

__all__ = ["Promoted", "Promotion", "Route", "promote"]


class Promotion(enum.StrEnum):
    """What was done about a cluster."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"
    """The tag stood for this index already."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """A cluster whose index was promoted."""

    cluster: str
    state: Promotion
    index: PublishedIndex
    sent_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "cluster": self.cluster,
            "state": str(self.state),
            "serial": self.index.serial,
            "commit": self.index.commit,
            "digest": self.index.digest,
            "artifacts": len(self.index.listed),
            "sent_bytes": self.sent_bytes,
        }


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where."""

    source: RegistryClient
    tag: str
    target: RegistryClient
    to_tag: str


def promote(fleet: Fleet, route: Route, trust: Trust, *, cluster: str | None = None) -> Iterator[Promoted]:
    """Verify and promote the index of each cluster, with every artifact that it names.

    Args:
        fleet: the fleet repository; the index has to be of a commit that its branch has.
        route: from where to where.
        trust: decides about the signer.
        cluster: only this cluster.

    Raises:
        InputError: the target has a newer index; there is no such cluster; or the fleet has no `delivery`.
        ArtifactRefusedError: the index, or an artifact that it names, does not hold; nothing of this cluster was moved.
        RegistryError: a registry refuses, or cannot be reached; no tag of this cluster was moved.

    """
    state = fleet.state()
    if state.context.spec.delivery is None:
        raise InputError.of(
            "delivery", "no-delivery", "is not in goldenpath.yaml, so there are no indexes to promote"
        )
    clusters = state.tree.clusters
    if cluster is not None and cluster not in clusters:
        raise InputError.of("--cluster", "unknown-cluster", "has no folder in this fleet repository", cluster)
    for name in clusters if cluster is None else (cluster,):
        before = route.target.sent_bytes
        index = signed_index(route.source, name, route.tag, trust)
        _check_in_history(fleet, name, index)
        check_not_older(route.target, name, route.to_tag, index.serial, trust, field="--from-tag")
        repository = index_repository(route.target, name)
        if route.target.tag_digest(repository, route.to_tag) == index.digest:
            yield Promoted(name, Promotion.UNCHANGED, index, 0)
            continue
        for listed in index.listed:
            _check(route.source, name, listed, trust)
        for listed in index.listed:
            place = route.target.address.repository(owner_of(listed.owner), name)
            copied = _copy(
                route, route.source.address.repository(owner_of(listed.owner), name), place, listed.digest
            )
            if route.target.tag_digest(place, route.to_tag) != listed.digest:
                route.target.put_manifest(place, route.to_tag, copied)
        manifest = _copy(route, index_repository(route.source, name), repository, index.digest)
        route.target.put_manifest(repository, serial_tag(index.serial, route.to_tag), manifest)
        move_tag(route.target, route.to_tag, manifest, cluster=name, serial=index.serial, trust=trust)
        yield Promoted(name, Promotion.PROMOTED, index, route.target.sent_bytes - before)


def _check_in_history(fleet: Fleet, cluster: str, index: PublishedIndex) -> None:
    repository = fleet.store.repository
    tip = fleet.state().snapshot.commit or ""
    if repository.resolve(index.commit) is None or not repository.is_ancestor(index.commit, tip):
        message = f"the index of {cluster} is of commit {index.commit[:12]}, which the branch does not have"
        raise ArtifactRefusedError("not-of-the-commit", message)
    if (serial := repository.count_commits(index.commit)) != index.serial:
        message = f"the index of {cluster} has the serial {index.serial:,}, and its commit gives {serial:,}"
        raise ArtifactRefusedError("not-of-the-commit", message)


def _check(client: RegistryClient, cluster: str, listed: ListedArtifact, trust: Trust) -> None:
    owner = owner_of(listed.owner)
    place = client.address.repository(owner, cluster)
    verify(client, place, listed.digest, owner=owner, cluster=cluster, trust=trust)


def _copy(route: Route, source: str, target: str, digest: str) -> Blob:
    """Bring an artifact and its bundles to the target as they are."""
    manifest = _copied_manifest(route, source, target, digest)
    reference = _lasting_tag(manifest)
    same_place = route.source.address == route.target.address and source == target
    if not same_place and route.target.tag_digest(target, reference) != digest:
        route.target.put_manifest(target, reference, manifest)
    if same_place:
        return manifest
    there = set(referrers_of(route.target, target, digest))
    for referrer in referrers_of(route.source, source, digest):
        if referrer not in there:
            bundle = _copied_manifest(route, source, target, referrer)
            add_referrer(route.target, target, digest, bundle, media_types.BUNDLE)
    return manifest


def _lasting_tag(manifest: Blob) -> str:
    """The tag by which a registry's clean-up keeps an artifact: its commit's id."""
    annotations = object_in(manifest.data, "the manifest").get("annotations", {})
    return str(annotations.get(media_types.REVISION, "")).removeprefix("sha1:")


def _copied_manifest(route: Route, source: str, target: str, digest: str) -> Blob:
    found = route.source.manifest(source, digest)
    if found is None:
        raise ArtifactRefusedError("absent", f"{source}@{digest} is not in the registry")
    if route.source.address != route.target.address or source != target:
        document = object_in(found.data, "the manifest")
        for descriptor in (document["config"], *document["layers"]):
            if not route.target.has_blob(target, descriptor["digest"]):
                data = route.source.blob(source, descriptor["digest"], limit=MAX_LAYER_BYTES)
                route.target.push_blob(target, Blob(descriptor["mediaType"], data))
    return Blob(media_types.MANIFEST, found.data)
