"""Public keys of token issuers: fetched, kept, and fetched again when a new key is used.

An unknown key id is the sign of a rotation, and also what anybody can send: so keys are fetched anew at most every
few seconds, by one request at a time, however many tokens come. A token with an unknown key in between is not
refused but answered with Retry-After: the issuer may have begun to use it just now.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWKError

from goldenpath_backstage.auth.backstage_client import ask
from goldenpath_backstage.backend_errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

__all__ = ["KeySet", "keys_of"]

_FRESH_SECONDS: Final = 3600.0
_PAUSE_SECONDS: Final = 5.0
_PAUSE_AFTER_FAILURE_SECONDS: Final = 1.0
"""An issuer that starts is there in a moment."""
_MAX_KEYS: Final = 64


class KeySet:
    """The keys behind one address."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, algorithms: frozenset[str]) -> None:
        self._client = client
        self._url = url
        self._algorithms = algorithms
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = -_FRESH_SECONDS
        self._not_before = 0.0
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> PyJWK:
        """The key of an id.

        Raises:
            UnauthenticatedError: its issuer was asked just now, and has no such key.
            UnavailableError: we do not have it, and the issuer cannot be asked: it does not answer, or was asked a
                moment ago and the key may be newer than that.
        """
        was_asked = False
        if not self._is_fresh(key_id):
            async with self._lock:
                if not self._is_fresh(key_id):
                    was_asked = await self._refresh()
        found = self._keys.get(key_id)
        if found is not None:  # an issuer outage does not refuse tokens of a known key
            return found
        if was_asked:
            raise UnauthenticatedError("signed with a key that its issuer does not publish")
        wait = max(math.ceil(self._not_before - time.monotonic()), 1)
        raise UnavailableError(
            "the keys that tokens are checked with cannot be fetched now", retry_after=wait
        )

    def _is_fresh(self, key_id: str) -> bool:
        return key_id in self._keys and time.monotonic() - self._fetched <= _FRESH_SECONDS

    async def _refresh(self) -> bool:
        """Whether the issuer was asked, and answered."""
        if time.monotonic() < self._not_before:
            return False
        try:
            self._keys = keys_of(await ask(self._client, self._url, what="the key set"), self._algorithms)
        except (UnavailableError, ValueError):
            self._not_before = time.monotonic() + _PAUSE_AFTER_FAILURE_SECONDS
            return False
        self._fetched = time.monotonic()
        self._not_before = self._fetched + _PAUSE_SECONDS
        return True


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
