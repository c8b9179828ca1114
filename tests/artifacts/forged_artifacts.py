"""Keys for the tests, and artifacts as an attacker would forge them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.referrers import add_referrer
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.bundle_referrers import EMPTY_CONFIG, bundle_manifest
from goldenpath.signatures.signing_keys import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.oci.registry_client import RegistryClient


def new_key() -> SigningKey:
    return SigningKey(ec.generate_private_key(ec.SECP256R1()))


def write_key(key: SigningKey, folder: Path, name: str = "fleet") -> tuple[Path, Path]:
    """The files of a private and a public key."""
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    private.write_bytes(
        key.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public.write_text(key.public.pem)
    return private, public


def changed_manifest(artifact: Artifact, **changes: Any) -> Blob:
    """The artifact's manifest with fields replaced; None removes one."""
    document = json.loads(artifact.manifest.data) | changes
    document = {name: value for name, value in document.items() if value is not None}
    return Blob(media_types.MANIFEST, json.dumps(document).encode())


def statement(digest: str, annotations: dict[str, str] | None, **changes: Any) -> Said:
    """The statement of a signature, with fields replaced."""
    subject: dict[str, Any] = {"digest": {"sha256": digest.removeprefix("sha256:")}}
    if annotations is not None:
        subject["annotations"] = annotations
    document = {
        "_type": media_types.STATEMENT,
        "subject": [subject],
        "predicateType": media_types.SIGNATURE,
        "predicate": {},
    }
    return Said(document | changes)


class Said(dict[str, Any]):
    """A statement as JSON has it, in a form that :class:`goldenpath.signatures.statement.Statement` may not have."""

    def as_dict(self) -> dict[str, Any]:
        return self


def store(client: RegistryClient, repository: str, tag: str, manifest: Blob, *blobs: Blob) -> None:
    """Store any manifest and its blobs under a tag."""
    for blob in blobs:
        client.push_blob(repository, blob)
    client.put_manifest(repository, tag, manifest)


def attach(
    client: RegistryClient, repository: str, manifest: Blob, bundle: Blob, subject: Blob | None = None
) -> None:
    """List a bundle as a signature of a manifest; with ``subject``, although it says to be of another."""
    for blob in (EMPTY_CONFIG, bundle):
        client.push_blob(repository, blob)
    about = (subject or manifest).descriptor
    add_referrer(
        client,
        repository,
        manifest.digest,
        bundle_manifest(about, bundle, media_types.SIGNATURE, "2026-11-30T00:00:00Z"),
        media_types.BUNDLE,
    )


def sign(
    client: RegistryClient,
    repository: str,
    manifest: Blob,
    key: SigningKey,
    annotations: dict[str, str] | None,
) -> None:
    """Sign any manifest."""
    attach(client, repository, manifest, signed_bundle(statement(manifest.digest, annotations), key))
