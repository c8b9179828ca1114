"""Backstage's tokens: its plugins', for a user or for themselves, and its users' own.

Read from Backstage 1.55 (``backend-defaults`` 0.18, ``UserTokenHandler``, ``PluginTokenHandler``): the type is in the
header's ``typ``, plugins publish their keys under their own id, and a plugin that acts for a user has that user's
*limited* token in the claim ``obo``, without an audience. Users' groups are what Backstage itself takes them for:
``/api/auth/v1/userinfo`` answers to a limited token too.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from goldenpath.spec.group_ref import group_ref
from goldenpath_backstage.auth.backstage_client import ask
from goldenpath_backstage.auth.jwks import KeySet
from goldenpath_backstage.auth.jwt_proof import claims_of, header_of, unproven_claim
from goldenpath_backstage.auth.principal import CallerKind, Principal, Role
from goldenpath_backstage.backend_errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from goldenpath_backstage.settings import Backstage

__all__ = ["BackstageTokens"]

USER: Final = "vnd.backstage.user"
LIMITED_USER: Final = "vnd.backstage.limited-user"
PLUGIN: Final = "vnd.backstage.plugin"

_ALGORITHMS: Final = frozenset({"ES256"})
_USER_AUDIENCE: Final = "backstage"
_ENTITY_REF: Final = re.compile(r"user:[a-z0-9._-]{1,63}/[a-z0-9._-]{1,63}")
_GROUPS_SECONDS: Final = 60.0
_MOST_USERS: Final = 10_000


class BackstageTokens:
    """Proves the tokens of one Backstage.

    Args:
        settings: which Backstage.
        admins: groups whose members may do everything.
        client: for its keys and its users' groups.
        skew: how far its clock may be from ours, in seconds.
    """

    def __init__(
        self, settings: Backstage, *, admins: Iterable[str], client: httpx.AsyncClient, skew: int
    ) -> None:
        base = settings.url.rstrip("/")
        self._audience = settings.plugin_id
        self._skew = skew
        self._client = client
        self._admins = frozenset(map(group_ref, admins))
        self._user_info = f"{base}/api/auth/v1/userinfo"
        self._users = KeySet(client, f"{base}/api/auth/.well-known/jwks.json", algorithms=_ALGORITHMS)
        self._plugins = {
            plugin: KeySet(
                client, f"{base}/api/{plugin}/.backstage/auth/v1/jwks.json", algorithms=_ALGORITHMS
            )
            for plugin in settings.callers
        }
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}

    async def principal(self, token: str, header: dict[str, Any]) -> Principal | None:
        """The principal of a token; None for a token that is not Backstage's.

        Raises:
            UnauthenticatedError: it is one, and proves nothing.
            UnavailableError: Backstage does not answer.
        """
        kind = header.get("typ")
        if kind == PLUGIN:
            return await self._plugin(token, header)
        if kind == USER:
            # Only a whole user token is for us to take from a user: a limited one is for whom it was made.
            return await self._user(token, header, audience=_USER_AUDIENCE, via=None)
        if kind == LIMITED_USER:
            raise UnauthenticatedError("a limited user token, which only a plugin may show, inside its own")
        return None

    async def _plugin(self, token: str, header: dict[str, Any]) -> Principal:
        # Before the proof, the subject only chooses among the configured key sets.
        caller = unproven_claim(token, "sub")
        keys = self._plugins.get(caller) if isinstance(caller, str) else None
        if keys is None:
            raise UnauthenticatedError("from a plugin that may not call")
        claims = claims_of(
            token,
            await keys.key(_key_id(header)),
            audience=self._audience,
            required=("iat", "exp", "sub", "aud"),
            skew=self._skew,
        )
        if claims["sub"] != caller:
            raise UnauthenticatedError("from a plugin that may not call")
        via = f"plugin:{caller}"
        limited = claims.get("obo")
        if limited is None:
            return Principal(CallerKind.PLUGIN, via, Role.READER)
        if not isinstance(limited, str):
            raise UnauthenticatedError("on behalf of a user without a token")
        inner = header_of(limited)
        if inner.get("typ") != LIMITED_USER:
            raise UnauthenticatedError("on behalf of a user with a token of a wrong type")
        return await self._user(limited, inner, audience=None, via=via)

    async def _user(
        self, token: str, header: dict[str, Any], *, audience: str | None, via: str | None
    ) -> Principal:
        required = ("iat", "exp", "sub") if audience is None else ("iat", "exp", "sub", "aud")
        claims = claims_of(
            token,
            await self._users.key(_key_id(header)),
            audience=audience,
            required=required,
            skew=self._skew,
        )
        name = claims["sub"]
        if not isinstance(name, str) or not _ENTITY_REF.fullmatch(name.lower()):
            raise UnauthenticatedError("for a subject that is not a user of the catalog")
        groups = await self._groups_of(name.lower(), token)
        role = Role.ADMIN if groups & self._admins else Role.REQUESTER
        return Principal(CallerKind.USER, name.lower(), role, groups, via)

    async def _groups_of(self, user: str, token: str) -> frozenset[str]:
        known = self._groups.get(user)
        now = time.monotonic()
        if known is not None and now - known[0] < _GROUPS_SECONDS:
            return known[1]
        answer = await ask(self._client, self._user_info, what="the user's groups", token=token)
        try:
            groups = frozenset(map(group_ref, answer["claims"]["ent"]))
        except (KeyError, TypeError, AttributeError):
            raise UnavailableError("Backstage does not say which groups the user is in") from None
        while len(self._groups) >= _MOST_USERS:
            self._groups.pop(next(iter(self._groups)))
        self._groups[user] = (now, groups)
        return groups


def _key_id(header: dict[str, Any]) -> str:
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise UnauthenticatedError("signed with a key without a name")
    return key_id
