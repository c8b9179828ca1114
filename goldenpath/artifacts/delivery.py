"""The verbs: bring a fleet's artifacts to a registry, list what is there, and verify it.

Git is the truth: what has to be in the registry follows from a commit, so each verb can be run again at any time, and
goes on where it ended.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.artifacts.artifact import owner_text
from goldenpath.artifacts.index_building import index_of, newest_serial, pin_of
from goldenpath.artifacts.index_publishing import (
    check_not_older,
    index_repository,
    move_forward,
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
    "Held",
    "artifacts_and_indexes",
    "list_artifacts",
    "push",
    "push_changed",
    "verify_artifacts",
]

DEFAULT_TAG: Final = "latest"


class DeliveryState(enum.StrEnum):
    """How an artifact of the commit and the registry compare; of a push, what it did."""

    PUSHED = "pushed"
    SIGNED = "signed"
    """It was there, and its signature was not."""
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    """Another push has brought a newer index meanwhile, and the tag stands for that one."""
    CURRENT = "current"
    STALE = "stale"
    """The tag stands for another artifact."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One artifact, and how it is in the registry.

    ``sent_bytes`` counts blobs and manifests that a push sent; ``there`` is the digest that the tag stands for.
    """

    artifact: Artifact
    repository: str
    state: DeliveryState
    there: str | None
    sent_bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **_named(self.artifact, self.repository),
            "digest": self.artifact.digest,
            "state": str(self.state),
            "tag_digest": self.there,
            "sent_bytes": self.sent_bytes,
        }


@dataclass(frozen=True, slots=True)
class Held:
    """One artifact that was verified, or why it is refused."""

    artifact: Artifact
    repository: str
    digest: str | None
    refusal: ArtifactRefusedError | None

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        refusal = None
        if self.refusal is not None:
            refusal = {"rule": self.refusal.rule, "message": str(self.refusal)}
        return {**_named(self.artifact, self.repository), "digest": self.digest, "refusal": refusal}


def push(
    fleet: Fleet,
    client: RegistryClient,
    signer: Signer,
    *,
    cluster: str | None = None,
    tag: str = DEFAULT_TAG,
) -> Iterator[Delivered]:
    """Bring what is missing to the registry, artifact by artifact; each is done when it is given.

    The tag moves last, so it never stands for an artifact without a signature; a cluster's index comes after all of its
    artifacts.

    Raises:
        InputError: a folder cannot become an artifact, or there is no such cluster: nothing was pushed. Or a cluster has
            no index, or an older one than the registry: nothing of it is seen, and the other clusters were pushed.
        RegistryError: the registry refuses, or cannot be reached; artifacts before this one are whole.

    """
    state = fleet.state()
    problems: list[Problem] = []
    for name, artifacts in artifacts_by_cluster(fleet.store.repository, state, cluster):
        try:
            yield from _pushed_cluster(fleet, client, signer, artifacts, state=state, cluster=name, tag=tag)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def push_changed(
    fleet: Fleet, client: RegistryClient, signer: Signer, *, tag: str = DEFAULT_TAG
) -> Iterator[Delivered]:
    """Like :func:`push`, for clusters alone whose index in the registry is another one than the commit's.

    What the index in the registry names was stored and signed before the index was, and is not asked for again.

    Raises:
        InputError: as :func:`push`; or the fleet has no `delivery`, and so no indexes.
        RegistryError: the registry refuses, or cannot be reached.

    """
    state = fleet.state()
    problems: list[Problem] = []
    for name, artifacts in artifacts_by_cluster(fleet.store.repository, state):
        try:
            there = signed_index(client, name, tag, signer.trust)
        except ArtifactRefusedError:
            known: frozenset[str] = frozenset()
        else:
            if there.serial == newest_serial(fleet.store.repository, state, name)[0]:
                continue
            known = there.digests
        try:
            yield from _pushed_cluster(
                fleet, client, signer, artifacts, state=state, cluster=name, tag=tag, known=known
            )
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def _pushed_cluster(
    fleet: Fleet,
    client: RegistryClient,
    signer: Signer,
    artifacts: Iterator[Artifact],
    *,
    state: FleetState,
    cluster: str,
    tag: str,
    known: Collection[str] = (),
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
            yield _pushed(client, artifact, signer, tag)
        if delivery is not None:
            pins.append(pin_of(artifact, delivery))
    index = index_of(repository, state, cluster, pins)
    if index is not None:
        yield _pushed_index(client, index, signer, tag)


def _pushed(client: RegistryClient, artifact: Artifact, signer: Signer, tag: str) -> Delivered:
    repository = client.address.repository(artifact.source.owner, artifact.source.cluster)
    before = client.sent_bytes
    is_new = client.tag_digest(repository, tag) != artifact.digest
    if is_new:
        ensure_stored(client, repository, artifact, artifact.source.commit)
    was_signed = ensure_signed(client, repository, artifact, signer)
    if is_new:
        client.put_manifest(repository, tag, artifact.manifest)
    return Delivered(
        artifact, repository, _what_was_done(is_new, was_signed), artifact.digest, client.sent_bytes - before
    )


def _pushed_index(client: RegistryClient, index: Artifact, signer: Signer, tag: str) -> Delivered:
    before = client.sent_bytes
    is_new, was_signed, newer = move_forward(client, index, tag, signer)
    state = _what_was_done(is_new, was_signed) if newer is None else DeliveryState.SUPERSEDED
    there = newer.digest if newer is not None else index.digest
    repository = index_repository(client, index.source.cluster)
    return Delivered(index, repository, state, there, client.sent_bytes - before)


def _what_was_done(is_new: bool, was_signed: bool) -> DeliveryState:
    if is_new:
        return DeliveryState.PUSHED
    return DeliveryState.UNCHANGED if was_signed else DeliveryState.SIGNED


def artifacts_and_indexes(
    repository: Repository, state: FleetState, cluster: str | None = None
) -> Iterator[Artifact]:
    """Every artifact of a commit, and after those of a cluster its index, where the fleet has one.

    Raises:
        InputError: a folder cannot become an artifact, or there is no such cluster.
        RepositoryError: the repository is a shallow clone.

    """
    delivery = state.context.spec.delivery
    for name, artifacts in artifacts_by_cluster(repository, state, cluster):
        pins = []
        for artifact in artifacts:
            yield artifact
            if delivery is not None:
                pins.append(pin_of(artifact, delivery))
        index = index_of(repository, state, name, pins)
        if index is not None:
            yield index


def list_artifacts(
    fleet: Fleet, client: RegistryClient, *, cluster: str | None = None, tag: str = DEFAULT_TAG
) -> Iterator[Delivered]:
    """Compare each artifact of the commit with what the tag stands for. Signatures are not looked at.

    Raises:
        InputError: a folder cannot become an artifact, or there is no such cluster.
        RegistryError: the registry refuses, or cannot be reached.

    """
    for artifact in artifacts_and_indexes(fleet.store.repository, fleet.state(), cluster):
        repository = client.address.repository(artifact.source.owner, artifact.source.cluster)
        there = client.tag_digest(repository, tag)
        state = DeliveryState.CURRENT if there == artifact.digest else DeliveryState.STALE
        yield Delivered(artifact, repository, state if there else DeliveryState.ABSENT, there)


def verify_artifacts(
    fleet: Fleet,
    client: RegistryClient,
    trust: Trust,
    *,
    cluster: str | None = None,
    tag: str = DEFAULT_TAG,
) -> Iterator[Held]:
    """Verify what the tags stand for, and that it is what the commit says.

    Raises:
        InputError: a folder cannot become an artifact, or there is no such cluster.
        RegistryError: the registry refuses, or cannot be reached.

    """
    for artifact in artifacts_and_indexes(fleet.store.repository, fleet.state(), cluster):
        source = artifact.source
        repository = client.address.repository(source.owner, source.cluster)
        digest: str | None = None
        try:
            more = tuple(source.more)
            found = verify(
                client, repository, tag, owner=source.owner, cluster=source.cluster, trust=trust, more=more
            )
            digest = found.digest
            _check_of_commit(artifact, found.digest, found.commit)
        except ArtifactRefusedError as error:
            yield Held(artifact, repository, digest, error)
        else:
            yield Held(artifact, repository, digest, None)


def _check_of_commit(artifact: Artifact, digest: str, commit: str) -> None:
    """A signed artifact that is older, behind a moved tag, verifies everywhere else."""
    if digest == artifact.digest:
        return
    wanted = artifact.source.commit
    if commit == wanted:
        message = f"{digest} says that it is of the commit {commit[:12]}, whose artifact is {artifact.digest}"
    else:
        message = (
            f"{digest} is of the commit {commit[:12]}, and the folder was last changed by {wanted[:12]} "
            f"({artifact.digest}); run `goldenpath artifacts push`, or find out who moved the tag"
        )
    raise ArtifactRefusedError("not-of-the-commit", message)


def _named(artifact: Artifact, repository: str) -> dict[str, Any]:
    source = artifact.source
    return {
        "owner": owner_text(source.owner),
        "cluster": source.cluster,
        "repository": repository,
        "commit": source.commit,
        "tree": source.tree,
    }
