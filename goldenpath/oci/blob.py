"""Bytes that a registry stores, and the digest that names them. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Blob", "digest_of", "is_digest"]

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that a registry stores, and their media type."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def descriptor(self) -> dict[str, Any]:
        """The descriptor by which a manifest refers to the blob."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


def digest_of(data: bytes) -> str:
    """Return the digest of bytes as OCI writes it: ``sha256:…``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 digest as OCI writes it."""
    return _DIGEST.fullmatch(text) is not None
