"""Public keys of token issuers: fetched, cached, and fetched again when a new key is used.

An unknown key id means a rotation or a forged token. So keys are fetched again at most every few seconds, by one
request at a time. Between two fetches, a token with an unknown key is answered with Retry-After instead of a refusal,
since the issuer may have rotated its keys a moment ago.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWKError

from goldenpath_backstage.auth.backstage_client import fetch_json
from goldenpath_backstage.backend_errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

__all__ = ["KeySet", "keys_of"]

_FRESH_SECONDS: Final = 3600.0
_PAUSE_SECONDS: Final = 5.0
_PAUSE_AFTER_FAILURE_SECONDS: Final = 1.0
"""Short, since an issuer that is starting answers soon."""
_MAX_KEYS: Final = 64


class KeySet:
    """The keys at one address."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, algorithms: frozenset[str]) -> None:
        self._client = client
        self._url = url
        self._algorithms = algorithms
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = -_FRESH_SECONDS
        self._not_before = 0.0
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> PyJWK:
        """Return the key with an id.

        Raises:
            UnauthenticatedError: the keys were fetched for this call, and have no such id.
            UnavailableError: the key is unknown and the keys cannot be fetched: the issuer does not answer, or the
                last fetch was too recent.
        """
        was_fetched = False
        if not self._is_fresh(key_id):
            async with self._lock:
                if not self._is_fresh(key_id):
                    was_fetched = await self._refresh()
        found = self._keys.get(key_id)
        if found is not None:  # an outage of the issuer does not refuse tokens of a known key
            return found
        if was_fetched:
            raise UnauthenticatedError("the token is signed with a key that its issuer does not publish")
        wait = max(math.ceil(self._not_before - time.monotonic()), 1)
        raise UnavailableError("the issuer's keys cannot be fetched; try again later", retry_after=wait)

    def _is_fresh(self, key_id: str) -> bool:
        return key_id in self._keys and time.monotonic() - self._fetched <= _FRESH_SECONDS

    async def _refresh(self) -> bool:
        """Fetch the keys, and return whether that succeeded."""
        if time.monotonic() < self._not_before:
            return False
        try:
            document = await fetch_json(self._client, self._url, what="the key set")
            self._keys = keys_of(document, self._algorithms)
        except (UnavailableError, ValueError):
            self._not_before = time.monotonic() + _PAUSE_AFTER_FAILURE_SECONDS
            return False
        self._fetched = time.monotonic()
        self._not_before = self._fetched + _PAUSE_SECONDS
        return True


def keys_of(document: Any, algorithms: frozenset[str]) -> Mapping[str, PyJWK]:
    """Return the public keys of a JWK set for these algorithms, by their ids.

    Raises:
        ValueError: the document is not a JWK set.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWK set")  # noqa: TRY004 - one error for every fault of a document
    found = {}
    for entry in document["keys"][:_MAX_KEYS]:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or "d" in entry:
            continue
        try:
            key = PyJWK(entry)
        except PyJWKError:
            continue
        # With a symmetric key in a public set, anyone could sign.
        if key.algorithm_name in algorithms:
            found[entry["kid"]] = key
    return found
