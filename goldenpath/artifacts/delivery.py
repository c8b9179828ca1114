"""Pushes a fleet's artifacts to a registry, lists them, and verifies them.

The artifacts follow from a commit in Git. Each command can therefore run again at any time, and continues where it ended.
"""

from __future__ import annotations

import enum
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.artifacts.artifact import owner_text
from goldenpath.artifacts.index_building import build_index, newest_serial, pin_of
from goldenpath.artifacts.index_publishing import (
    check_not_older,
    index_repository,
    push_index,
    signed_index,
)
from goldenpath.artifacts.owned_folders import artifacts_by_cluster
from goldenpath.artifacts.signed_storage import ensure_signed, ensure_stored
from goldenpath.artifacts.verification import verify
from goldenpath.errors import ArtifactRefusedError, InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.errors import Problem
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import Repository
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Signer, Trust

__all__ = [
    "DEFAULT_TAG",
    "Delivered",
    "DeliveryState",
    "VerifiedDelivery",
    "artifacts_and_indexes",
    "list_artifacts",
    "push",
    "verify_artifacts",
]

DEFAULT_TAG: Final = "latest"


class DeliveryState(enum.StrEnum):
    """The result of a push for one artifact, or of a comparison with the registry."""

    PUSHED = "pushed"
    SIGNED = "signed"
    """The registry had the artifact, but not its signature."""
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    """Another push has stored a newer index, and the tag points to that index."""
    CURRENT = "current"
    STALE = "stale"
    """The tag points to another artifact."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One artifact with its state in the registry.

    ``tag_digest`` is the digest that the tag points to. ``sent_bytes`` counts the blobs and manifests that a push sent.
    """

    artifact: Artifact
    repository: str
    state: DeliveryState
    tag_digest: str | None
    sent_bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            **_source_facts(self.artifact, self.repository),
            "digest": self.artifact.digest,
            "state": str(self.state),
            "tag_digest": self.tag_digest,
            "sent_bytes": self.sent_bytes,
        }


@dataclass(frozen=True, slots=True)
class VerifiedDelivery:
    """One artifact with its digest in the registry, and the refusal of the verification, if there is one."""

    artifact: Artifact
    repository: str
    digest: str | None
    refusal: ArtifactRefusedError | None

    def as_dict(self) -> dict[str, Any]:
        refusal = None
        if self.refusal is not None:
            refusal = {"rule": self.refusal.rule, "message": str(self.refusal)}
        return {**_source_facts(self.artifact, self.repository), "digest": self.digest, "refusal": refusal}


def push(
    fleet: Fleet,
    client: RegistryClient,
    signer: Signer,
    *,
    cluster: str | None = None,
    tag: str = DEFAULT_TAG,
    only_changed: bool = False,
) -> Iterator[Delivered]:
    """Push the missing artifacts, and yield each artifact when it is stored and signed.

    The tag moves last, so it never points to an artifact without a signature. A cluster's index comes after all of its
    artifacts.

    With ``only_changed``, the push skips clusters whose index in the registry has the serial of the commit. It trusts that
    the registry has every artifact that a signed index names, because these are stored and signed before the index.

    Raises:
        InputError: a folder cannot become an artifact, or the cluster is unknown; nothing was pushed. Or the index of a
            cluster cannot be built, or is older than in the registry; the tags of that cluster's index stay, and the other
            clusters were pushed.
        RegistryError: the registry refuses, or cannot be reached; the artifacts before this one are complete.
    """
    state = fleet.state()
    problems: list[Problem] = []
    for name, artifacts in artifacts_by_cluster(fleet.store.repository, state, cluster):
        known: frozenset[str] = frozenset()
        if only_changed:
            with suppress(ArtifactRefusedError):
                published = signed_index(client, name, tag, signer.trust)
                if published.serial == newest_serial(fleet.store.repository, state, name)[0]:
                    continue
                known = published.digests
        try:
            yield from _push_cluster(
                fleet, client, signer, artifacts, state=state, cluster=name, tag=tag, known=known
            )
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def _push_cluster(
    fleet: Fleet,
    client: RegistryClient,
    signer: Signer,
    artifacts: Iterator[Artifact],
    *,
    state: FleetState,
    cluster: str,
    tag: str,
    known: Collection[str],
) -> Iterator[Delivered]:
    repository = fleet.store.repository
    delivery = state.context.spec.delivery
    if delivery is not None:
        check_not_older(client, cluster, tag, newest_serial(repository, state, cluster)[0], signer.trust)
    pins = []
    for artifact in artifacts:
        if artifact.digest in known:
            place = client.address.repository(artifact.source.owner, cluster)
            yield Delivered(artifact, place, DeliveryState.UNCHANGED, artifact.digest)
        else:
            yield _push_artifact(client, artifact, signer, tag)
        if delivery is not None:
            pins.append(pin_of(artifact, delivery))
    index = build_index(repository, state, cluster, pins)
    if index is not None:
        yield _push_index(client, index, signer, tag)


def _push_artifact(client: RegistryClient, artifact: Artifact, signer: Signer, tag: str) -> Delivered:
    repository = client.address.repository(artifact.source.owner, artifact.source.cluster)
    before = client.sent_bytes
    is_new = client.tag_digest(repository, tag) != artifact.digest
    if is_new:
        ensure_stored(client, repository, artifact, artifact.source.commit)
    was_signed = ensure_signed(client, repository, artifact, signer)
    if is_new:
        client.put_manifest(repository, tag, artifact.manifest)
    state = _push_state(is_new, was_signed)
    return Delivered(artifact, repository, state, artifact.digest, client.sent_bytes - before)


def _push_index(client: RegistryClient, index: Artifact, signer: Signer, tag: str) -> Delivered:
    before = client.sent_bytes
    is_new, was_signed, newer = push_index(client, index, tag, signer)
    state = _push_state(is_new, was_signed) if newer is None else DeliveryState.SUPERSEDED
    digest = newer.digest if newer is not None else index.digest
    repository = index_repository(client, index.source.cluster)
    return Delivered(index, repository, state, digest, client.sent_bytes - before)


def _push_state(is_new: bool, was_signed: bool) -> DeliveryState:
    if is_new:
        return DeliveryState.PUSHED
    return DeliveryState.UNCHANGED if was_signed else DeliveryState.SIGNED


def artifacts_and_indexes(
    repository: Repository, state: FleetState, cluster: str | None = None
) -> Iterator[Artifact]:
    """Yield every artifact of a commit, cluster by cluster, and the index of each cluster after its artifacts.

    Raises:
        InputError: a folder cannot become an artifact, or the cluster is unknown.
        RepositoryError: the repository is a shallow clone.
    """
    delivery = state.context.spec.delivery
    for name, artifacts in artifacts_by_cluster(repository, state, cluster):
        pins = []
        for artifact in artifacts:
            yield artifact
            if delivery is not None:
                pins.append(pin_of(artifact, delivery))
        index = build_index(repository, state, name, pins)
        if index is not None:
            yield index


def list_artifacts(
    fleet: Fleet, client: RegistryClient, *, cluster: str | None = None, tag: str = DEFAULT_TAG
) -> Iterator[Delivered]:
    """Compare each artifact of the commit with the artifact that the tag points to. Signatures are not verified.

    Raises:
        InputError: a folder cannot become an artifact, or the cluster is unknown.
        RegistryError: the registry refuses, or cannot be reached.
    """
    for artifact in artifacts_and_indexes(fleet.store.repository, fleet.state(), cluster):
        repository = client.address.repository(artifact.source.owner, artifact.source.cluster)
        digest = client.tag_digest(repository, tag)
        state = DeliveryState.CURRENT if digest == artifact.digest else DeliveryState.STALE
        yield Delivered(artifact, repository, state if digest else DeliveryState.ABSENT, digest)


def verify_artifacts(
    fleet: Fleet,
    client: RegistryClient,
    trust: Trust,
    *,
    cluster: str | None = None,
    tag: str = DEFAULT_TAG,
) -> Iterator[VerifiedDelivery]:
    """Verify the artifacts that the tags point to, and compare them with the artifacts of the commit.

    Raises:
        InputError: a folder cannot become an artifact, or the cluster is unknown.
        RegistryError: the registry refuses, or cannot be reached.
    """
    for artifact in artifacts_and_indexes(fleet.store.repository, fleet.state(), cluster):
        source = artifact.source
        repository = client.address.repository(source.owner, source.cluster)
        digest: str | None = None
        refusal: ArtifactRefusedError | None = None
        try:
            more = tuple(source.more)
            found = verify(
                client, repository, tag, owner=source.owner, cluster=source.cluster, trust=trust, more=more
            )
            digest = found.digest
            _check_commit(artifact, found.digest, found.commit)
        except ArtifactRefusedError as error:
            refusal = error
        yield VerifiedDelivery(artifact, repository, digest, refusal)


def _check_commit(artifact: Artifact, digest: str, commit: str) -> None:
    """Compare an artifact with the commit. Only this check finds a tag that moved back to an older, signed artifact."""
    if digest == artifact.digest:
        return
    wanted = artifact.source.commit
    if commit == wanted:
        message = (
            f"{digest} names the commit {commit[:12]}, but the artifact of that commit is {artifact.digest}"
        )
    else:
        message = (
            f"{digest} belongs to the commit {commit[:12]}, but the last commit of the folder is {wanted[:12]} "
            f"({artifact.digest}); run `goldenpath artifacts push`, or find out who moved the tag"
        )
    raise ArtifactRefusedError("not-of-the-commit", message)


def _source_facts(artifact: Artifact, repository: str) -> dict[str, Any]:
    source = artifact.source
    return {
        "owner": owner_text(source.owner),
        "cluster": source.cluster,
        "repository": repository,
        "commit": source.commit,
        "tree": source.tree,
    }
