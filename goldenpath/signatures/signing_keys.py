"""Keys in PEM files that sign artifacts: ECDSA on P-256 with SHA-256, as cosign and Flux expect."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.signatures.signer import Signature

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PASSWORD", "PublicKey", "SigningKey", "TrustedKeys"]

PASSWORD: Final = "GOLDENPATH_SIGNING_KEY_PASSWORD"  # noqa: S105 - a variable's name
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())
_IGNORED: Final = frozenset({"tlogEntries", "timestampVerificationData"})
"""Parts of the verification material that state a time. A key does not expire, so the time does not matter."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures."""

    key: ec.EllipticCurvePublicKey

    @classmethod
    def load(cls, file: Path, option: str = "--key") -> Self:
        """Load the public key of a PEM file.

        Raises:
            InputError: the file cannot be read, or holds no public key on P-256.
        """
        return cls.of_pem(_bytes_of(file, option), option, str(file))

    @classmethod
    def of_pem(cls, data: bytes, option: str, given: str | None = None) -> Self:
        """Read a public key from a PEM text.

        Raises:
            InputError: the text is not a public key on P-256.
        """
        try:
            key: Any = serialization.load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            message = (
                "is not a public key in PEM (-----BEGIN PUBLIC KEY-----); `openssl ec -pubout` writes one"
            )
            raise InputError.of(option, "key", message, given) from None
        return cls(_on_p256(key, given, option))

    @property
    def hint(self) -> str:
        """The name of the key in a bundle, as cosign writes it: base64 of the SHA-256 of its DER form."""
        der = self.key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    @property
    def pem(self) -> str:
        """The PEM form, which Flux reads from a Secret."""
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether this key made a signature of these bytes."""
        try:
            self.key.verify(signature, data, _ALGORITHM)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Trusts signatures of these keys. The hint in a bundle is not trusted, so each key is tried."""

    keys: tuple[PublicKey, ...]

    def check(self, data: bytes, signature: Signature) -> None:
        """Verify a signature of bytes.

        Raises:
            ArtifactRefusedError: no key has signed these bytes, or the bundle has a certificate.
        """
        if set(signature.material) - _IGNORED != {"publicKey"}:
            raise ArtifactRefusedError("bundle", "the bundle must name a public key, and no certificate")
        if not any(key.has_signed(data, signature.value) for key in self.keys):
            raise ArtifactRefusedError("other-key", "the signature belongs to another key, or to other bytes")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs. ``repr`` does not show it."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def load(cls, file: Path, password: str | None = None, option: str = "--key") -> Self:
        """Load the private key of a PEM file (PKCS#8 or SEC 1). ``password`` opens an encrypted key.

        Raises:
            InputError: the file cannot be read, holds no private key on P-256, or the password does not open it.
        """
        data = _bytes_of(file, option)
        if b"ENCRYPTED SIGSTORE PRIVATE KEY" in data or b"ENCRYPTED COSIGN PRIVATE KEY" in data:
            message = (
                "is a key in cosign's own encrypted form; use a PKCS#8 key, which `cosign import-key-pair` also takes: "
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
            )
            raise InputError.of(option, "key", message, str(file))
        try:
            key: Any = serialization.load_pem_private_key(data, password.encode() if password else None)
        except TypeError:
            lacks = "is encrypted: set" if not password else "is not encrypted: unset"
            raise InputError.of(option, "key", f"{lacks} {PASSWORD}", str(file)) from None
        except (ValueError, UnsupportedAlgorithm):
            message = f"is not a private key in PEM, or {PASSWORD} does not open it"
            raise InputError.of(option, "key", message, str(file)) from None
        return cls(_on_p256(key, str(file), option))

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.key.public_key())

    @property
    def trust(self) -> TrustedKeys:
        """Trusts only this key."""
        return TrustedKeys((self.public,))

    def sign(self, data: bytes) -> Signature:
        """Sign bytes. The signature is in DER, and carries the hint of the key."""
        return Signature(self.key.sign(data, _ALGORITHM), {"publicKey": {"hint": self.public.hint}})


def _bytes_of(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError.of(option, "no-file", f"cannot be read: {error.strerror}", str(file)) from None


def _on_p256(key: Any, given: str | None, option: str) -> Any:
    curve = getattr(getattr(key, "curve", None), "name", "")
    if curve != "secp256r1":
        message = "is not an ECDSA key on P-256; create one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
        raise InputError.of(option, "key", message, given)
    return key
