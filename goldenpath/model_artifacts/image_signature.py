"""Signatures of a model's image: a bundle beside its manifest, as cosign writes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.strict_json import object_in
from goldenpath.signatures.bundle import RULES, signed_bundle, verified_statement
from goldenpath.signatures.bundle_referrers import attach_bundle, first_that_holds
from goldenpath.signatures.statement import Statement, StatementSubject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Signer, Trust

__all__ = ["read_manifest_document", "sign_image", "verify_image"]

_CREATED = "1970-01-01T00:00:00Z"


def read_manifest_document(
    client: RegistryClient, repository: str, digest: str
) -> tuple[bytes, dict[str, Any]]:
    """A manifest that must be there.

    Raises:
        RegistryError: it is not there, or the registry cannot be reached.
    """
    found = client.manifest(repository, digest)
    if found is None:
        raise RegistryError(f"{client.address.host}/{repository}@{digest}: is not there")
    return found.data, object_in(found.data, "the manifest")


def sign_image(
    client: RegistryClient, repository: str, digest: str, signer: Signer, annotations: Mapping[str, str]
) -> None:
    """Sign a model's image, and store the signature beside it.

    Args:
        client: the registry.
        repository: of the image.
        digest: the image's.
        signer: signs.
        annotations: what the signature says of the image, such as its tenant; `cosign verify -a` compares them.

    Raises:
        ArtifactRefusedError: what is there is no image.
        RegistryError: the image is not there, or the registry refuses.
    """
    data, document = read_manifest_document(client, repository, digest)
    media_type = document.get("mediaType", media_types.MANIFEST)
    if media_type not in {media_types.MANIFEST, media_types.INDEX}:
        raise ArtifactRefusedError(
            "model-image", f"{digest} has the media type {media_type!r}, and is not an image"
        )
    statement = Statement((StatementSubject(digest, annotations=annotations),), media_types.SIGNATURE)
    bundle = signed_bundle(statement, signer)
    subject = {"mediaType": media_type, "digest": digest, "size": len(data)}
    attach_bundle(client, repository, subject, bundle, predicate_type=media_types.SIGNATURE, created=_CREATED)


def verify_image(
    client: RegistryClient, repository: str, digest: str, trust: Trust, annotations: Mapping[str, str]
) -> None:
    """Hold a model's image against the signatures beside it.

    Args:
        client: the registry.
        repository: of the image.
        digest: the image's.
        trust: decides about the signer.
        annotations: what the signature must say, no less and no more.

    Raises:
        ArtifactRefusedError: no signature holds; ``rule`` says why.
        RegistryError: the image is not there, or the registry refuses.
    """
    read_manifest_document(client, repository, digest)
    first_that_holds(
        client,
        repository,
        digest,
        lambda data: verified_statement(
            data, trust, predicate_type=media_types.SIGNATURE, digest=digest, annotations=annotations
        ),
        rules=RULES,
    )
