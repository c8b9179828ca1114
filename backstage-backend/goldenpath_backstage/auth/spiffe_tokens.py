"""Verifies JWT-SVIDs (SPIFFE) of internal tools, with the trust domains' bundles from local files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.spec.group_ref import group_ref
from goldenpath_backstage.auth.jwks import keys_of
from goldenpath_backstage.auth.jwt_proof import claims_of, unproven_claim
from goldenpath_backstage.auth.principal import CallerKind, Principal, Role
from goldenpath_backstage.backend_errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jwt import PyJWK

    from goldenpath_backstage.settings import Spiffe, SpiffeCaller

__all__ = ["SpiffeTokens"]

_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"}
)
"""The algorithms that the JWT-SVID specification allows (section 2.1)."""
_TYPES: Final = frozenset({None, "JWT", "JOSE"})
_ID: Final = re.compile(
    r"spiffe://(?P<domain>[a-z0-9._-]{1,255})(?P<path>(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)+)"
)
"""The form of the SPIFFE-ID specification (2.2): no segment is `.` or `..`, which could leave the path."""


class SpiffeTokens:
    """Verifies JWT-SVIDs of the trust domains in the settings."""

    def __init__(self, settings: Spiffe, *, skew: int) -> None:
        self._settings = settings
        self._skew = skew
        self._bundles = {domain: _Bundle(file) for domain, file in settings.bundles.items()}

    def principal(self, token: str, header: dict[str, Any]) -> Principal | None:
        """Return the principal of a token; None for a token that is not a JWT-SVID.

        Raises:
            UnauthenticatedError: the JWT-SVID is not valid, or names no known caller.
            UnavailableError: the bundle cannot be read.
        """
        if header.get("typ") not in _TYPES:
            return None
        subject = unproven_claim(token, "sub")
        found = _ID.fullmatch(subject) if isinstance(subject, str) else None
        if found is None:
            return None
        bundle = self._bundles.get(found["domain"])
        if bundle is None:
            raise UnauthenticatedError("the settings have no bundle for the JWT-SVID's trust domain")
        key_id = header.get("kid")
        key = bundle.keys().get(key_id) if isinstance(key_id, str) else None
        if key is None or header.get("alg") not in _ALGORITHMS:
            raise UnauthenticatedError("no key of its trust domain has signed the JWT-SVID")
        claims = claims_of(
            token, key, audience=self._settings.audience, required=("exp", "sub", "aud"), skew=self._skew
        )
        if claims["sub"] != subject:
            raise UnauthenticatedError("the JWT-SVID belongs to another workload")
        caller = next((each for each in self._settings.callers if _matches(each, subject)), None)
        if caller is None:
            raise UnauthenticatedError(f"{subject} matches no entry of the settings' `spiffe.callers`")
        groups = frozenset(map(group_ref, caller.groups))
        return Principal(CallerKind.WORKLOAD, subject, Role(caller.role), groups)


class _Bundle:
    """One trust domain's keys, read again when their file changes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._keys: Mapping[str, PyJWK] = {}

    def keys(self) -> Mapping[str, PyJWK]:
        try:
            stat = self._file.stat()
            seen = (stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._keys = keys_of(json.loads(self._file.read_bytes()), _ALGORITHMS)
                self._seen = seen
        except (OSError, ValueError, RecursionError):
            # The SPIFFE helper may be writing the file just now.
            if not self._keys:
                raise UnavailableError("the bundle of a trust domain cannot be read") from None
        return self._keys


def _matches(caller: SpiffeCaller, subject: str) -> bool:
    if caller.id.endswith("/*"):
        return subject.startswith(caller.id[:-1])
    return caller.id == subject
