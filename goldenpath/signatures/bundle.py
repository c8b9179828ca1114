"""Sigstore bundles v0.3 with a DSSE envelope, as cosign 3 writes them: a signed statement and its signer. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import ArtifactRefusedError, shown
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.strict_json import canonical_json, object_in
from goldenpath.signatures.signer import Signature
from goldenpath.signatures.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.signatures.signer import Signer, Trust

__all__ = ["RULES", "signed_bundle", "verified_statement"]

RULES: Final = (
    "json", "bundle", "time", "certificate", "expired", "other-authority", "other-identity", "other-key",
    "statement", "purpose", "other-digest", "signed-annotations",
)  # fmt: skip
"""Ids of the reasons to refuse a bundle, in the order of the checks; `time` to `other-identity` concern certificates."""


def signed_bundle(statement: Statement, signer: Signer) -> Blob:
    """Sign a statement, and return its bundle.

    Raises:
        GoldenpathError: the device or the service that signs refuses.
    """
    payload = canonical_json(statement.as_dict())
    signature = signer.sign(_signed_bytes(payload))
    document = {
        "mediaType": media_types.BUNDLE,
        "verificationMaterial": dict(signature.material),
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": media_types.IN_TOTO,
            "signatures": [{"sig": base64.b64encode(signature.value).decode()}],
        },
    }
    return Blob(media_types.BUNDLE, canonical_json(document))


def verified_statement(
    data: bytes,
    trust: Trust,
    *,
    predicate_type: str,
    digest: str | None,
    annotations: Mapping[str, str] | None = None,
) -> Statement:
    """Verify a bundle, and return its statement.

    Args:
        data: the bundle.
        trust: decides about the signer.
        predicate_type: the required purpose of the statement.
        digest: the digest of the only artifact that the statement must name; None if the caller compares it.
        annotations: the exact annotations that the statement must have; None if the caller compares them.

    Raises:
        ArtifactRefusedError: a check fails; ``rule`` is one of :data:`RULES`.
    """
    payload, signature = _envelope(object_in(data, "the bundle"))
    trust.check(_signed_bytes(payload), signature)
    # The signer is trusted from here on.
    statement = Statement.parse(object_in(payload, "the signed statement"), predicate_type)
    if len(statement.subjects) != 1:
        raise ArtifactRefusedError("statement", "the signed statement must name one artifact by its sha256")
    (subject,) = statement.subjects
    if digest is not None and subject.digest != digest:
        raise ArtifactRefusedError("other-digest", f"the signature belongs to the artifact {subject.digest}")
    signed = subject.annotations or {}
    if annotations is not None and signed != annotations:
        message = _difference(signed, annotations)
        raise ArtifactRefusedError("signed-annotations", f"the signature {message}")
    return statement


def _difference(signed: Mapping[str, str], expected: Mapping[str, str]) -> str:
    """A message about the first annotation that differs."""
    key = min(key for key in {*signed, *expected} if signed.get(key) != expected.get(key))
    if key not in expected:
        return f"states the annotation {shown(key)}: {shown(signed[key])}, which is not expected"
    found = f"states {shown(signed[key])}" if key in signed else "does not state it"
    return f"must state the annotation {shown(key)}: {shown(expected[key])}, and {found}"


def _envelope(bundle: dict[str, Any]) -> tuple[bytes, Signature]:
    """Payload and signature of a bundle with exactly the parts that :func:`signed_bundle` writes."""
    if (found := bundle.get("mediaType")) != media_types.BUNDLE:
        raise ArtifactRefusedError("bundle", f"the bundle has the media type {found!r}")
    material = bundle.get("verificationMaterial")
    if not isinstance(material, dict):
        raise ArtifactRefusedError("bundle", "the bundle has no verification material")
    match bundle.get("dsseEnvelope"):
        case {"payload": str(payload), "payloadType": media_types.IN_TOTO, "signatures": [{"sig": str(sig)}]}:
            return decoded(payload), Signature(decoded(sig), material)
        case _:
            message = "the bundle must have one in-toto statement with one signature"
            raise ArtifactRefusedError("bundle", message)


def decoded(text: str) -> bytes:
    """Decode a base64 text of a bundle.

    Raises:
        ArtifactRefusedError: the text is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ArtifactRefusedError("bundle", "the bundle has a field that is not base64") from None


def _signed_bytes(payload: bytes) -> bytes:
    """The signed bytes of a payload: DSSE's pre-authentication encoding."""
    kind = media_types.IN_TOTO.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
