"""The protocols of keys and identities: one signs, the other decides whether a signature is trusted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Signature", "Signer", "Trust"]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, and the ``verificationMaterial`` of its bundle: the signer's key or certificate, and time stamps."""

    value: bytes
    material: Mapping[str, Any]


class Trust(Protocol):
    """Decides whether a trusted signer made a signature."""

    def check(self, data: bytes, signature: Signature) -> None:
        """Verify a signature of bytes.

        Raises:
            ArtifactRefusedError: no trusted signer has signed these bytes.
        """


class Signer(Protocol):
    """Signs bytes: a key in a file, a key in hardware, or a certificate of a short-lived key."""

    @property
    def trust(self) -> Trust:
        """Trusts only this signer."""

    def sign(self, data: bytes) -> Signature:
        """Sign bytes.

        Raises:
            GoldenpathError: the device or the service that signs refuses.
        """
