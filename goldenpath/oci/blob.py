"""Bytes that a registry stores, and the digest that names them. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

__all__ = ["Blob", "digest_of"]


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that a registry stores, and what they are."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def descriptor(self) -> dict[str, Any]:
        """How a manifest refers to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


def digest_of(data: bytes) -> str:
    """A digest as OCI writes it: ``sha256:…``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
