"""Fetches small JSON documents from Backstage, with limits on time and size."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import httpx

from goldenpath_backstage.backend_errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["fetch_json"]

_MAX_SECONDS: Final = 5.0
"""The limit for the whole answer; the client's own limit restarts with every byte."""
_MAX_BYTES: Final = 256 * 1024
_REFUSALS: Final = frozenset({401, 403})


async def fetch_json(client: httpx.AsyncClient, url: str, *, what: str, token: str | None = None) -> Any:
    """Fetch the document at an address.

    Args:
        client: the HTTP client.
        url: the address. It appears in no message, since any caller may read messages.
        what: the document's name, for messages.
        token: the bearer token to send.

    Raises:
        UnavailableError: no answer, a late one, an error, or other content. A Backstage that is still starting
            does all of these.
        UnauthenticatedError: Backstage refused the token.
    """
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    try:
        async with asyncio.timeout(_MAX_SECONDS), client.stream("GET", url, headers=headers) as answer:
            if token is not None and answer.status_code in _REFUSALS:
                raise UnauthenticatedError("Backstage refuses the user's token")
            answer.raise_for_status()
            return json.loads(await _body(answer.aiter_bytes()))
    # Python's JSON parser raises RecursionError for a deeply nested document.
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        raise UnavailableError(f"{what} cannot be fetched from Backstage; try again later") from None


async def _body(parts: AsyncIterator[bytes]) -> bytes:
    body = b""
    async for part in parts:
        body += part
        if len(body) > _MAX_BYTES:
            raise ValueError("too large")
    return body
