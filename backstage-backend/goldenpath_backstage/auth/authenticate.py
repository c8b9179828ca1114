"""Authenticates the caller of a request by the ``Authorization`` header."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Final

from goldenpath.spec.group_ref import group_ref
from goldenpath_backstage.auth.backstage_tokens import BackstageTokens
from goldenpath_backstage.auth.jwt_proof import MAX_TOKEN_CHARS, header_of
from goldenpath_backstage.auth.principal import LOCAL, CallerKind, Principal, Role
from goldenpath_backstage.auth.spiffe_tokens import SpiffeTokens
from goldenpath_backstage.backend_errors import UnauthenticatedError

if TYPE_CHECKING:
    import httpx

    from goldenpath_backstage.settings import Settings

__all__ = ["Authenticator", "bearer_token"]

_CACHED_SECONDS: Final = 10.0
"""A verification checks two signatures, so its result is cached for this time."""
_MAX_CACHED: Final = 10_000


class Authenticator:
    """Accepts each kind of token that the settings allow."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._is_open = settings.is_open
        skew = settings.clock_skew_seconds
        self._static = {
            token.sha256: Principal(
                CallerKind.SERVICE,
                f"service:{token.name}",
                Role(token.role),
                frozenset(map(group_ref, token.groups)),
            )
            for token in settings.tokens
        }
        self._backstage = (
            BackstageTokens(settings.backstage, admins=settings.admins, client=client, skew=skew)
            if settings.backstage
            else None
        )
        self._spiffe = SpiffeTokens(settings.spiffe, skew=skew) if settings.spiffe else None
        self._proven: dict[str, tuple[float, Principal]] = {}

    async def principal(self, authorization: str | None) -> Principal:
        """Return the principal for an ``Authorization`` header.

        Raises:
            UnauthenticatedError: the caller is unknown.
            UnavailableError: the token's issuer does not answer.
        """
        if self._is_open:
            return LOCAL
        token = bearer_token(authorization)
        # The caches hold digests, which are useless to an attacker, and comparing digests leaks no timing of a token.
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        if (service := self._static.get(digest)) is not None:
            return service
        known = self._proven.get(digest)
        now = time.monotonic()
        if known is not None and now < known[0]:
            return known[1]
        found = await self._verify(token)
        while len(self._proven) >= _MAX_CACHED:
            self._proven.pop(next(iter(self._proven)))
        self._proven[digest] = (now + _CACHED_SECONDS, found)
        return found

    async def _verify(self, token: str) -> Principal:
        header = header_of(token)
        found = await self._backstage.principal(token, header) if self._backstage else None
        if found is None and self._spiffe is not None:
            found = self._spiffe.principal(token, header)
        if found is None:
            raise UnauthenticatedError("the token is of a kind that the settings do not accept")
        return found


def bearer_token(authorization: str | None) -> str:
    """Return the token in an ``Authorization`` header.

    Raises:
        UnauthenticatedError: the header has no token.
    """
    if authorization is None:
        raise UnauthenticatedError("the request has no token")
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARS:
        raise UnauthenticatedError("the header Authorization holds no bearer token")
    return token
