"""Promotes the artifacts of one tag to another tag, in the same registry or in another one.

Every artifact is verified first, and then copied with its digest and its signatures. No signing key is needed. The tag
that clusters follow moves last, and only forward.
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
from goldenpath.artifacts.owned_folders import chosen_clusters
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
    """The result for a cluster."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"
    """The tag already pointed to this index."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """A cluster whose index was promoted."""

    cluster: str
    state: Promotion
    index: PublishedIndex
    sent_bytes: int

    def as_dict(self) -> dict[str, Any]:
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
    """The source and the target of a promotion: registries and tags."""

    source: RegistryClient
    tag: str
    target: RegistryClient
    to_tag: str


def promote(fleet: Fleet, route: Route, trust: Trust, *, cluster: str | None = None) -> Iterator[Promoted]:
    """Verify and promote the index of each cluster, or of one cluster, with every artifact that it names.

    Raises:
        InputError: the target has a newer index, the cluster is unknown, or the fleet has no `delivery`.
        ArtifactRefusedError: the index or one of its artifacts is invalid, or the branch of the fleet lacks its commit. No
            tag of this cluster moved.
        RegistryError: a registry refuses, or cannot be reached. The tag that the cluster follows did not move.
    """
    state = fleet.state()
    if state.context.spec.delivery is None:
        raise InputError.of(
            "delivery", "no-delivery", "is not in goldenpath.yaml, so the fleet has no indexes to promote"
        )
    for name in chosen_clusters(state, cluster):
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
        message = (
            f"the index of {cluster} belongs to commit {index.commit[:12]}, which the branch does not have"
        )
        raise ArtifactRefusedError("not-of-the-commit", message)
    if (serial := repository.count_commits(index.commit)) != index.serial:
        message = f"the index of {cluster} has the serial {index.serial:,}, but its commit has {serial:,}"
        raise ArtifactRefusedError("not-of-the-commit", message)


def _check(client: RegistryClient, cluster: str, listed: ListedArtifact, trust: Trust) -> None:
    owner = owner_of(listed.owner)
    place = client.address.repository(owner, cluster)
    verify(client, place, listed.digest, owner=owner, cluster=cluster, trust=trust)


def _copy(route: Route, source: str, target: str, digest: str) -> Blob:
    """Copy an artifact and its bundles to the target without a change."""
    manifest = _copied_manifest(route, source, target, digest)
    reference = _lasting_tag(manifest)
    if route.source.address == route.target.address and source == target:
        return manifest
    if route.target.tag_digest(target, reference) != digest:
        route.target.put_manifest(target, reference, manifest)
    copied = set(referrers_of(route.target, target, digest))
    for referrer in referrers_of(route.source, source, digest):
        if referrer not in copied:
            bundle = _copied_manifest(route, source, target, referrer)
            add_referrer(route.target, target, digest, bundle, media_types.BUNDLE)
    return manifest


def _lasting_tag(manifest: Blob) -> str:
    """The tag that protects an artifact from the clean-up of a registry: the id of its commit."""
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
