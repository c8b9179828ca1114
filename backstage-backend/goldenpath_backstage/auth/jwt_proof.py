"""Verifies one JSON Web Token: type, algorithm, key, signature, times and audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jwt

from goldenpath_backstage.backend_errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_TOKEN_CHARS", "claims_of", "header_of", "unproven_claim"]

MAX_TOKEN_CHARS: Final = 16 * 1024


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a token, unverified.

    Raises:
        UnauthenticatedError: the text is not a token.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise UnauthenticatedError("the token is too long")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise UnauthenticatedError("the token is not a JSON Web Token") from None


def unproven_claim(token: str, name: str) -> Any:
    """Return an unverified claim, which only selects the key for the verification.

    Raises:
        UnauthenticatedError: the text is not a token.
    """
    try:
        return jwt.decode(token, options={"verify_signature": False}).get(name)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise UnauthenticatedError("the token is not a JSON Web Token") from None


def claims_of(
    token: str,
    key: jwt.PyJWK,
    *,
    audience: str | None,
    required: Iterable[str],
    skew: int,
) -> dict[str, Any]:
    """Verify a token, and return its claims.

    Args:
        token: the token.
        key: the key, whose algorithm is the only one accepted.
        audience: the required audience; None for a type of token without one.
        required: claims that the token must have.
        skew: the largest difference between the signer's clock and ours, in seconds.

    Raises:
        UnauthenticatedError: the token is not valid. The reason does not repeat the token.
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
