"""Signs and verifies a model's image. Its signature is a bundle that refers to its manifest, as with cosign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.strict_json import object_in
from goldenpath.signatures.bundle import RULES, signed_bundle, verified_statement
from goldenpath.signatures.bundle_referrers import attach_bundle, first_valid_bundle
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
    """Read a manifest: its bytes and its JSON object.

    Raises:
        RegistryError: the registry has no such manifest, or cannot be reached.
    """
    found = client.manifest(repository, digest)
    if found is None:
        raise RegistryError(f"{client.address.host}/{repository}@{digest}: does not exist")
    return found.data, object_in(found.data, "the manifest")


def sign_image(
    client: RegistryClient, repository: str, digest: str, signer: Signer, annotations: Mapping[str, str]
) -> None:
    """Sign a model's image, and store the signature in its repository.

    The signature states the annotations, such as the tenant; `cosign verify -a` compares them.

    Raises:
        ArtifactRefusedError: the manifest is not the manifest of an image.
        RegistryError: the image does not exist, or the registry refuses.
    """
    data, document = read_manifest_document(client, repository, digest)
    media_type = document.get("mediaType", media_types.MANIFEST)
    if media_type not in {media_types.MANIFEST, media_types.INDEX}:
        message = f"{digest} is not an image: it has the media type {media_type!r}"
        raise ArtifactRefusedError("model-image", message)
    statement = Statement((StatementSubject(digest, annotations=annotations),), media_types.SIGNATURE)
    bundle = signed_bundle(statement, signer)
    subject = {"mediaType": media_type, "digest": digest, "size": len(data)}
    attach_bundle(client, repository, subject, bundle, predicate_type=media_types.SIGNATURE, created=_CREATED)


def verify_image(
    client: RegistryClient, repository: str, digest: str, trust: Trust, annotations: Mapping[str, str]
) -> None:
    """Check that a trusted signer has signed a model's image with exactly these annotations.

    Raises:
        ArtifactRefusedError: no signature is valid; ``rule`` states the reason.
        RegistryError: the image does not exist, or the registry refuses.
    """
    read_manifest_document(client, repository, digest)
    first_valid_bundle(
        client,
        repository,
        digest,
        lambda data: verified_statement(
            data, trust, predicate_type=media_types.SIGNATURE, digest=digest, annotations=annotations
        ),
        rules=RULES,
    )
