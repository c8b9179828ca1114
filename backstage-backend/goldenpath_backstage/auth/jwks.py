"""Public keys of whoever signs tokens: fetched, kept, and fetched anew when a new key is used.

An unknown key id is the sign of a rotation, and also what anybody can send: so keys are fetched anew at most every
few seconds, by one request at a time, however many tokens come.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
from jwt import PyJWK
from jwt.exceptions import PyJWKError

from goldenpath_backstage.errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KeySet", "keys_of"]

_FRESH_SECONDS: Final = 3600.0
_PAUSE_SECONDS: Final = 5.0
_MAX_BYTES: Final = 256 * 1024
_MAX_KEYS: Final = 64


class KeySet:
    """The keys behind one address."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, algorithms: frozenset[str]) -> None:
        self._client = client
        self._url = url
        self._algorithms = algorithms
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = -_FRESH_SECONDS
        self._tried = -_PAUSE_SECONDS
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> PyJWK:
        """The key of an id.

        Raises:
            UnauthenticatedError: nobody there has such a key.
            UnavailableError: the keys cannot be fetched, and we have none.
        """
        if key_id not in self._keys or time.monotonic() - self._fetched > _FRESH_SECONDS:
            await self._refresh(key_id)
        found = self._keys.get(key_id)
        if found is None:
            raise UnauthenticatedError("signed with a key that its issuer does not publish")
        return found

    async def _refresh(self, key_id: str) -> None:
        async with self._lock:
            now = time.monotonic()
            is_known = key_id in self._keys and now - self._fetched <= _FRESH_SECONDS
            if is_known or now - self._tried < _PAUSE_SECONDS:
                return
            self._tried = now
            try:
                self._keys = await self._fetch()
            except (httpx.HTTPError, ValueError):
                # With keys at hand, an issuer that is away for a while locks nobody out.
                if not self._keys:
                    raise UnavailableError(
                        "the keys that tokens are checked with cannot be fetched"
                    ) from None
            else:
                self._fetched = now

    async def _fetch(self) -> Mapping[str, PyJWK]:
        async with self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MAX_BYTES:
                    raise ValueError("the key set is too large")
        return keys_of(httpx.Response(200, content=body).json(), self._algorithms)


def keys_of(document: Any, algorithms: frozenset[str]) -> Mapping[str, PyJWK]:
    """The usable keys of a JWK set by their ids; what is for something else is left out.

    Raises:
        ValueError: it is no JWK set.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("no JWK set")  # noqa: TRY004 - like all that is wrong with a document
    found = {}
    for entry in document["keys"][:_MAX_KEYS]:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or "d" in entry:
            continue
        try:
            key = PyJWK(entry)
        except PyJWKError:
            continue
        # A symmetric key in a public set would let anybody sign.
        if key.algorithm_name in algorithms:
            found[entry["kid"]] = key
    return found
