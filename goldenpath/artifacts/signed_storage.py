"""Stores an artifact and its signature in a registry, and sends only the missing parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.artifacts.verification import check_signed
from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci.media_types import SIGNATURE
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.bundle_referrers import attach_bundle

if TYPE_CHECKING:
    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Signer

__all__ = ["ensure_signed", "ensure_stored"]


def ensure_stored(client: RegistryClient, repository: str, artifact: Artifact, reference: str) -> None:
    """Store an artifact under a lasting tag, because the clean-up of a registry removes manifests without a tag.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.
    """
    if client.tag_digest(repository, reference) == artifact.digest:
        return
    for blob in (artifact.config, artifact.layer):
        client.push_blob(repository, blob)
    client.put_manifest(repository, reference, artifact.manifest)


def ensure_signed(client: RegistryClient, repository: str, artifact: Artifact, signer: Signer) -> bool:
    """Sign an artifact, unless this signer has signed it before. Return whether it was signed before.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.
    """
    try:
        check_signed(client, repository, artifact.digest, artifact.source.annotations, signer.trust)
    except ArtifactRefusedError:
        attach_bundle(
            client,
            repository,
            artifact.manifest.descriptor,
            signed_bundle(artifact.signature, signer),
            predicate_type=SIGNATURE,
            created=artifact.created,
        )
        return False
    return True
