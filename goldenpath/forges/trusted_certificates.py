"""Certificates that goldenpath's HTTP clients trust."""

from __future__ import annotations

import ssl
from functools import lru_cache

from goldenpath.errors import InputError

__all__ = ["trusted_certificates"]


@lru_cache(maxsize=8)
def trusted_certificates(ca_bundle: str | None) -> ssl.SSLContext:
    """The certificates of the system (a private forge has its own authority), of httpx, and of ``ca_bundle``."""
    import certifi  # noqa: PLC0415 -- only HTTP clients need it

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_bundle is not None:
        try:
            context.load_verify_locations(ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise InputError.of(
                "ca_bundle", "ca-bundle", f"cannot be read as PEM: {type(error).__name__}", ca_bundle
            ) from None
    return context
