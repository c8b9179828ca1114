"""Trust in identities: a trusted authority certified a short-lived key, and a trusted time lies in its validity.

The certificate names the signer (its only URI or e-mail address, such as a SPIFFE ID) and the issuer of the signer's
token (Fulcio's extension). Both are compared exactly. Regular expressions are not supported, because one without an
anchor would accept ``…/sa/trainer-evil`` for ``…/sa/train``.

Needs the extra ``keyless``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from goldenpath.errors import ArtifactRefusedError
from goldenpath.signatures.bundle import decoded
from goldenpath.signatures.signing_keys import PublicKey
from goldenpath.signatures.timestamps import trusted_time

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.signatures.signer import Signature
    from goldenpath.signatures.trusted_root import Authority, TrustedRoot

__all__ = ["SignerIdentity", "TrustedIdentities", "identity_of"]

ISSUER: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
OLD_ISSUER: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_UTF8: Final = 0x0C
_LONG_FORM: Final = 0x80
_MAX_STAMPS: Final = 4
_IGNORED: Final = frozenset({"tlogEntries"})


@dataclass(frozen=True, slots=True)
class SignerIdentity:
    """The signer, such as ``spiffe://…``, and the issuer of its token."""

    subject: str
    issuer: str


@dataclass(frozen=True, slots=True)
class TrustedIdentities:
    """Trusts signatures of these identities, if the certificate was valid at the time of the signature."""

    root: TrustedRoot
    identities: tuple[SignerIdentity, ...]

    def check(self, data: bytes, signature: Signature) -> None:
        """Verify a signature of bytes.

        Raises:
            ArtifactRefusedError: the certificate, its time or its identity is not trusted, or the signature does not match.
        """
        certificate, stamps = _material(signature.material)
        times = [trusted_time(each, signature.value, self.root.timestamp_authorities) for each in stamps]
        for when in times:
            _check_chain(certificate, when, self.root.certificate_authorities)
        identity = identity_of(certificate)
        if identity not in self.identities:
            message = f"the certificate names {identity.subject!r}, by the issuer {identity.issuer!r}"
            raise ArtifactRefusedError("other-identity", message)
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ArtifactRefusedError("certificate", "the certificate's key is not an ECDSA key on P-256")
        if not PublicKey(key).has_signed(data, signature.value):
            raise ArtifactRefusedError("other-key", "the signature belongs to another key, or to other bytes")


def identity_of(certificate: x509.Certificate) -> SignerIdentity:
    """Return the identity in a certificate.

    Raises:
        ArtifactRefusedError: the certificate has no identity, several, or two issuers that differ.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        extensions = {each.oid: each.value for each in certificate.extensions}
    except (x509.ExtensionNotFound, ValueError):
        raise ArtifactRefusedError("certificate", "the certificate has no subject alternative name") from None
    match list(names):
        case [x509.UniformResourceIdentifier(value=subject)] | [x509.RFC822Name(value=subject)]:
            pass
        case _:
            message = "the certificate must name one URI or e-mail address, and nothing else"
            raise ArtifactRefusedError("certificate", message)
    issuers = set()
    for oid, read in ((ISSUER, _utf8), (OLD_ISSUER, bytes.decode)):
        found = extensions.get(oid)
        if isinstance(found, x509.UnrecognizedExtension):
            try:
                issuers.add(read(found.value))
            except ValueError:
                raise ArtifactRefusedError("certificate", "the certificate's issuer is not text") from None
    if len(issuers) != 1:
        message = f"the certificate must name one issuer of its token, and names {len(issuers)}"
        raise ArtifactRefusedError("certificate", message)
    return SignerIdentity(subject, issuers.pop())


def _utf8(value: bytes) -> str:
    """Decode a UTF8String in DER."""
    tag, length, text = value[:1], value[1:2], value[2:]
    if length and length[0] > _LONG_FORM:
        count = length[0] - _LONG_FORM
        length, text = text[:count], text[count:]
    if tag != bytes([_UTF8]) or len(text) != int.from_bytes(length, "big"):
        raise ValueError("is not a UTF8String")
    return text.decode()


def _material(material: Any) -> tuple[x509.Certificate, list[bytes]]:
    """The certificate and the time stamps of a bundle."""
    found = {name: value for name, value in material.items() if name not in _IGNORED}
    match found.get("certificate"):
        case {"rawBytes": str(raw)} if set(found) <= {"certificate", "timestampVerificationData"}:
            pass
        case _:
            raise ArtifactRefusedError("bundle", "the bundle must have a certificate, and no public key")
    match found.get("timestampVerificationData"):
        case {"rfc3161Timestamps": [*stamps]} if 0 < len(stamps) <= _MAX_STAMPS:
            texts = [each.get("signedTimestamp") if isinstance(each, dict) else None for each in stamps]
        case _:
            message = (
                "the bundle has no time stamp, so its certificate may have been expired when it was used"
            )
            raise ArtifactRefusedError("time", message)
    if not all(isinstance(text, str) for text in texts):
        raise ArtifactRefusedError("bundle", "the bundle has a time stamp of another form")
    try:
        certificate = x509.load_der_x509_certificate(decoded(raw))
    except ValueError:
        raise ArtifactRefusedError("certificate", "the bundle's certificate cannot be read") from None
    return certificate, [decoded(str(text)) for text in texts]


def _check_chain(
    certificate: x509.Certificate, when: dt.datetime, authorities: tuple[Authority, ...]
) -> None:
    if not certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc:
        message = (
            f"the certificate was valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC, and was used at {when:%Y-%m-%d %H:%M:%S} UTC"
        )
        raise ArtifactRefusedError("expired", message)
    reasons = ["the trust root lists no authority for that time"]
    for authority in authorities:
        if not authority.is_trusted_at(when):
            continue
        policy = (
            verification.PolicyBuilder()
            .store(verification.Store([authority.root]))
            .time(when)
            .extension_policies(ca_policy=_authority_policy(), ee_policy=_signer_policy())
        )
        try:
            policy.build_client_verifier().verify(certificate, list(authority.chain[:-1]))
        except verification.VerificationError as error:
            reasons.append(str(error))
        else:
            return
    raise ArtifactRefusedError("other-authority", f"the certificate's chain is not trusted: {reasons[-1]}")


def _authority_policy() -> verification.ExtensionPolicy:
    def may_sign(_: object, __: object, constraints: x509.BasicConstraints) -> None:
        if not constraints.ca:
            raise ValueError("a certificate in the chain does not belong to an authority")

    def signs_certificates(_: object, __: object, usage: x509.KeyUsage) -> None:
        if not usage.key_cert_sign:
            raise ValueError("a certificate in the chain may not sign certificates")

    return (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, may_sign)
        .require_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, signs_certificates)
    )


def _signer_policy() -> verification.ExtensionPolicy:
    """Accept a leaf that only signs code. An SVID is for TLS, and is refused."""

    def signs_code(_: object, __: object, usage: x509.ExtendedKeyUsage) -> None:
        if list(usage) != [ExtendedKeyUsageOID.CODE_SIGNING]:
            raise ValueError("the certificate is not only for signing code (extended key usage codeSigning)")

    def signs(_: object, __: object, usage: x509.KeyUsage) -> None:
        if not usage.digital_signature or usage.key_cert_sign:
            raise ValueError("the certificate must have the key usage digitalSignature, and not keyCertSign")

    return (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, signs_code)
        .require_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, signs)
        .require_present(x509.SubjectAlternativeName, verification.Criticality.AGNOSTIC, None)
    )
