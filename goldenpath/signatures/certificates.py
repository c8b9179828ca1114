"""A signer with a certificate for a short-lived key. A time stamp on each signature makes it verifiable later.

Needs the extra ``keyless``.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.signatures.identities import TrustedIdentities, identity_of
from goldenpath.signatures.signer import Signature

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.signatures.signer import Signer
    from goldenpath.signatures.timestamps import TimestampService
    from goldenpath.signatures.trusted_root import TrustedRoot

__all__ = ["CertifiedSigner", "load_certificate"]


@dataclass(frozen=True, slots=True)
class CertifiedSigner:
    """Signs with a key whose certificate names the signer.

    It verifies each signature first, so it never returns a signature that the trust root does not accept.
    """

    key: Signer = field(repr=False)
    certificate: x509.Certificate
    timestamps: TimestampService
    root: TrustedRoot = field(repr=False)

    @property
    def trust(self) -> TrustedIdentities:
        """Trusts only the identity of the certificate."""
        return TrustedIdentities(self.root, (identity_of(self.certificate),))

    def sign(self, data: bytes) -> Signature:
        """Sign bytes, with the certificate and a time stamp.

        Raises:
            InputError: the timestamp authority cannot be used.
            ArtifactRefusedError: the trust root refuses the signature, for example because the certificate has expired.
        """
        value = self.key.sign(data).value
        material: dict[str, Any] = {
            "certificate": {"rawBytes": _text(self.certificate.public_bytes(serialization.Encoding.DER))},
            "timestampVerificationData": {
                "rfc3161Timestamps": [{"signedTimestamp": _text(self.timestamps.stamp(value))}]
            },
        }
        signature = Signature(value, material)
        self.trust.check(data, signature)
        return signature


def load_certificate(file: Path, option: str = "--certificate") -> x509.Certificate:
    """Load the first certificate of a PEM file.

    Raises:
        InputError: the file cannot be read, or holds no certificate with an identity.
    """
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        identity_of(certificate)
    except OSError as error:
        raise InputError.of(option, "no-file", f"cannot be read: {error.strerror}", str(file)) from None
    except ValueError:
        message = "is not a certificate in PEM (-----BEGIN CERTIFICATE-----)"
        raise InputError.of(option, "certificate", message, str(file)) from None
    except ArtifactRefusedError as error:
        raise InputError.of(option, "certificate", str(error), str(file)) from None
    return certificate


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
