"""The verbs: bring a fleet's artifacts to a registry, list what is there, and verify it.

Git is the truth: what has to be in the registry follows from a commit, so each verb can be run again at any time, and
goes on where it ended.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.artifacts.artifact import Artifact, owner_text
from goldenpath.artifacts.owned_folders import artifacts_of
from goldenpath.artifacts.verification import check_signed, verify
from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci.media_types import SIGNATURE
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.bundle_referrers import attach_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet import Fleet
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Signer, Trust

__all__ = ["DEFAULT_TAG", "Delivered", "DeliveryState", "Held", "list_artifacts", "push", "verify_artifacts"]

DEFAULT_TAG: Final = "latest"


class DeliveryState(enum.StrEnum):
    """How an artifact of the commit and the registry compare; of a push, what it did."""

    PUSHED = "pushed"
    SIGNED = "signed"
    """It was there, and its signature was not."""
    UNCHANGED = "unchanged"
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

    The tag moves last, so it never stands for an artifact without a signature.

    Raises:
        InputError: a folder cannot become an artifact, or there is no such cluster; nothing was pushed.
        RegistryError: the registry refuses, or cannot be reached; artifacts before this one are whole.

    """
    for artifact in artifacts_of(fleet.store.repository, fleet.state(), cluster):
        repository = client.address.repository(artifact.source.owner, artifact.source.cluster)
        before = client.sent_bytes
        there = client.tag_digest(repository, tag)
        is_new = there != artifact.digest
        if is_new:
            # Under the tag of its commit, a registry's clean-up does not take it for garbage.
            _store(client, repository, artifact)
        is_signed = _is_signed(client, repository, artifact, signer.trust)
        if not is_signed:
            _sign(client, repository, artifact, signer)
        if is_new:
            client.put_manifest(repository, tag, artifact.manifest)
        state = (
            DeliveryState.PUSHED if is_new else DeliveryState.UNCHANGED if is_signed else DeliveryState.SIGNED
        )
        yield Delivered(artifact, repository, state, artifact.digest, client.sent_bytes - before)


def list_artifacts(
    fleet: Fleet, client: RegistryClient, *, cluster: str | None = None, tag: str = DEFAULT_TAG
) -> Iterator[Delivered]:
    """Compare each artifact of the commit with what the tag stands for. Signatures are not looked at.

    Raises:
        InputError: a folder cannot become an artifact, or there is no such cluster.
        RegistryError: the registry refuses, or cannot be reached.

    """
    for artifact in artifacts_of(fleet.store.repository, fleet.state(), cluster):
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
    for artifact in artifacts_of(fleet.store.repository, fleet.state(), cluster):
        source = artifact.source
        repository = client.address.repository(source.owner, source.cluster)
        digest: str | None = None
        try:
            found = verify(client, repository, tag, owner=source.owner, cluster=source.cluster, trust=trust)
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


def _store(client: RegistryClient, repository: str, artifact: Artifact) -> None:
    if client.tag_digest(repository, artifact.source.commit) == artifact.digest:
        return
    for blob in (artifact.config, artifact.layer):
        client.push_blob(repository, blob)
    client.put_manifest(repository, artifact.source.commit, artifact.manifest)


def _is_signed(client: RegistryClient, repository: str, artifact: Artifact, trust: Trust) -> bool:
    try:
        check_signed(client, repository, artifact.digest, artifact.source.annotations, trust)
    except ArtifactRefusedError:
        return False
    return True


def _sign(client: RegistryClient, repository: str, artifact: Artifact, signer: Signer) -> None:
    attach_bundle(
        client,
        repository,
        artifact.manifest.descriptor,
        signed_bundle(artifact.signature, signer),
        predicate_type=SIGNATURE,
        created=artifact.created,
    )


def _named(artifact: Artifact, repository: str) -> dict[str, Any]:
    source = artifact.source
    return {
        "owner": owner_text(source.owner),
        "cluster": source.cluster,
        "repository": repository,
        "commit": source.commit,
        "tree": source.tree,
    }
