"""Asking Backstage for a small JSON document, with limits on time and size."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import httpx

from goldenpath_backstage.backend_errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["ask"]

_LONGEST_SECONDS: Final = 5.0
"""For the whole answer: one that comes a byte at a time would never be late for the client."""
_MAX_BYTES: Final = 256 * 1024
_REFUSALS: Final = frozenset({401, 403})


async def ask(client: httpx.AsyncClient, url: str, *, what: str, token: str | None = None) -> Any:
    """The document at an address.

    Args:
        client: that asks.
        url: whom; it is in no message, which may go to anybody.
        what: what is asked for, for the message.
        token: what is shown there.

    Raises:
        UnavailableError: it is not available now: no answer, a late one, an error, or other content. A
            Backstage that is still starting does all of these.
        UnauthenticatedError: the token was refused.
    """
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    try:
        async with asyncio.timeout(_LONGEST_SECONDS), client.stream("GET", url, headers=headers) as answer:
            if token is not None and answer.status_code in _REFUSALS:
                raise UnauthenticatedError("Backstage refuses the user's token")
            answer.raise_for_status()
            return json.loads(await _body(answer.aiter_bytes()))
    # The last one is what a deeply nested document does to Python's reader of JSON.
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        raise UnavailableError(f"{what} cannot be had now") from None


async def _body(parts: AsyncIterator[bytes]) -> bytes:
    body = b""
    async for part in parts:
        body += part
        if len(body) > _MAX_BYTES:
            raise ValueError("too large")
    return body
