"""Proving one JSON Web Token: its type, its algorithm, its key, its signature, its times, its audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jwt

from goldenpath_backstage.backend_errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_TOKEN_CHARS", "claims_of", "header_of", "unproven_claim"]

MAX_TOKEN_CHARS: Final = 16 * 1024


def header_of(token: str) -> dict[str, Any]:
    """The header of a token, unverified.

    Raises:
        UnauthenticatedError: it is not a token.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise UnauthenticatedError("the token is too long")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise UnauthenticatedError("no token that we know") from None


def unproven_claim(token: str, name: str) -> Any:
    """A claim that says where to look for the key; nothing else may be made of it.

    Raises:
        UnauthenticatedError: it is not a token.
    """
    try:
        return jwt.decode(token, options={"verify_signature": False}).get(name)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise UnauthenticatedError("no token that we know") from None


def claims_of(
    token: str,
    key: jwt.PyJWK,
    *,
    audience: str | None,
    required: Iterable[str],
    skew: int,
) -> dict[str, Any]:
    """The claims of a token, proven.

    Args:
        token: what was shown.
        key: whose algorithm is the only one that will do.
        audience: the required audience; None for a type of token without one.
        required: claims that must be there.
        skew: how far the signer's clock may be from ours, in seconds.

    Raises:
        UnauthenticatedError: it proves nothing; the reason names what is wrong, and not what was shown.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=audience,
            leeway=skew,
            options={"require": list(required), "verify_aud": audience is not None},
        )
    except jwt.InvalidTokenError as error:
        raise UnauthenticatedError(f"the token is refused: {type(error).__name__}") from None
    except (ValueError, TypeError, RecursionError):
        raise UnauthenticatedError("the token is refused: it cannot be read") from None
    return dict(claims)
