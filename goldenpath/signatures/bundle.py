"""Signatures of artifacts: Sigstore bundles v0.3 with a DSSE envelope, as cosign 3 writes them with a key. Pure.

The signed statement names the artifact's digest, and repeats its annotations: what cosign calls ``-a``.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.strict_json import canonical_json, object_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from goldenpath.signatures.signing_keys import PublicKey, SigningKey

__all__ = ["EMPTY_CONFIG", "bundle_of", "check_bundle", "signature_manifest", "signed_bundle"]

EMPTY_CONFIG: Final = Blob(media_types.EMPTY, b"{}")
_IGNORED: Final = frozenset({"tlogEntries", "timestampVerificationData"})
"""Parts of the verification material that say when something was signed; no rule here asks for that."""


def bundle_of(digest: str, annotations: Mapping[str, str], key: SigningKey) -> Blob:
    """The signature of an artifact.

    Args:
        digest: the artifact's.
        annotations: what the signature says of it.
        key: signs.

    """
    statement = {
        "_type": media_types.STATEMENT,
        "subject": [{"digest": {"sha256": digest.removeprefix("sha256:")}, "annotations": dict(annotations)}],
        "predicateType": media_types.SIGNATURE,
        "predicate": {},
    }
    return signed_bundle(statement, key)


def signed_bundle(statement: Mapping[str, Any], key: SigningKey) -> Blob:
    """A bundle with any statement."""
    payload = canonical_json(statement)
    document = {
        "mediaType": media_types.BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": key.public.hint}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": media_types.IN_TOTO,
            "signatures": [{"sig": base64.b64encode(key.sign(_signed_bytes(payload))).decode()}],
        },
    }
    return Blob(media_types.BUNDLE, canonical_json(document))


def signature_manifest(subject: Mapping[str, Any], bundle: Blob, created: str) -> Blob:
    """The manifest by which a registry knows a bundle as something that refers to an artifact.

    Args:
        subject: the artifact's descriptor.
        bundle: the bundle.
        created: a time, which readers show.

    """
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "artifactType": media_types.BUNDLE,
        "config": EMPTY_CONFIG.descriptor,
        "layers": [bundle.descriptor],
        "subject": dict(subject),
        "annotations": {
            media_types.BUNDLE_CONTENT: "dsse-envelope",
            media_types.BUNDLE_PREDICATE: media_types.SIGNATURE,
            media_types.CREATED: created,
        },
    }
    return Blob(media_types.MANIFEST, canonical_json(document))


def check_bundle(
    data: bytes, digest: str, annotations: Mapping[str, str], keys: Collection[PublicKey]
) -> None:
    """Hold a bundle against an artifact.

    Args:
        data: the bundle.
        digest: the artifact's digest.
        annotations: what the signed statement has to say of it, no less and no more.
        keys: one of them has to be the signer.

    Raises:
        ArtifactRefusedError: it is no bundle of the form above, no key has signed it, or it says something else.

    """
    payload, signature = _envelope(object_in(data, "the bundle"))
    if not any(key.has_signed(_signed_bytes(payload), signature) for key in keys):
        raise ArtifactRefusedError("other-key", "the signature is of another key, or of other bytes")
    # From here on, the signer has said it.
    statement = object_in(payload, "the signed statement")
    if statement.get("_type") != media_types.STATEMENT:
        raise ArtifactRefusedError(
            "statement", f"the signed statement has the type {statement.get('_type')!r}"
        )
    purpose = statement.get("predicateType")
    if purpose != media_types.SIGNATURE:
        message = f"what is signed is a {purpose!r} of the artifact, and not the artifact itself"
        raise ArtifactRefusedError("purpose", message)
    match statement.get("subject"):
        case [{"digest": {"sha256": str(signed)}} as subject]:
            if f"sha256:{signed}" != digest:
                message = f"the signature is of the artifact sha256:{signed}"
                raise ArtifactRefusedError("other-digest", message)
            if subject.get("annotations") != annotations:
                message = "the signature says other things of the artifact than its annotations do"
                raise ArtifactRefusedError("signed-annotations", message)
        case _:
            raise ArtifactRefusedError(
                "statement", "the signed statement must name one artifact by its sha256"
            )


def _envelope(bundle: dict[str, Any]) -> tuple[bytes, bytes]:
    """Payload and signature of a bundle that has exactly the parts that ours have."""
    if (found := bundle.get("mediaType")) != media_types.BUNDLE:
        raise ArtifactRefusedError("bundle", f"the bundle has the media type {found!r}")
    material = bundle.get("verificationMaterial")
    envelope = bundle.get("dsseEnvelope")
    if not isinstance(material, dict) or set(material) - _IGNORED != {"publicKey"}:
        raise ArtifactRefusedError("bundle", "the bundle must name a public key, and no certificate")
    match envelope:
        case {"payload": str(payload), "payloadType": media_types.IN_TOTO, "signatures": [{"sig": str(sig)}]}:
            try:
                return base64.b64decode(payload, validate=True), base64.b64decode(sig, validate=True)
            except binascii.Error:
                raise ArtifactRefusedError("bundle", "the bundle's envelope is not base64") from None
        case _:
            message = "the bundle must have one in-toto statement with one signature"
            raise ArtifactRefusedError("bundle", message)


def _signed_bytes(payload: bytes) -> bytes:
    """What is signed of a payload: DSSE's pre-authentication encoding."""
    kind = media_types.IN_TOTO.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
