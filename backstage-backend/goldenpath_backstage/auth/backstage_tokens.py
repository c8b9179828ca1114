"""Verifies Backstage's tokens: of plugins, for a user or for themselves, and of users.

It follows Backstage 1.55 (``backend-defaults`` 0.18, ``UserTokenHandler``, ``PluginTokenHandler``). The header's
``typ`` is the type of the token, plugins publish their keys under their own id, and a plugin that acts for a user has
that user's *limited* token in the claim ``obo``, without an audience. The user's groups come from
``/api/auth/v1/userinfo``, which accepts a limited token too.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from goldenpath.spec.group_ref import group_ref
from goldenpath_backstage.auth.backstage_client import fetch_json
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
    """Verifies the tokens of one Backstage.

    Args:
        settings: the address and the plugins of Backstage.
        admins: groups whose members may do everything.
        client: fetches keys and users' groups.
        skew: the largest difference between Backstage's clock and ours, in seconds.
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
        """Return the principal of a token; None for a token that is not Backstage's.

        Raises:
            UnauthenticatedError: it is Backstage's, and is not valid.
            UnavailableError: Backstage does not answer.
        """
        kind = header.get("typ")
        if kind == PLUGIN:
            return await self._plugin(token, header)
        if kind == USER:
            # A user sends a full user token. A limited one is only valid inside the token of the plugin that asked for it.
            return await self._user(token, header, audience=_USER_AUDIENCE, via=None)
        if kind == LIMITED_USER:
            raise UnauthenticatedError("a limited user token is only valid inside a plugin's token")
        return None

    async def _plugin(self, token: str, header: dict[str, Any]) -> Principal:
        # Before the verification, the subject only selects one of the configured key sets.
        caller = unproven_claim(token, "sub")
        keys = self._plugins.get(caller) if isinstance(caller, str) else None
        if keys is None:
            raise UnauthenticatedError("the plugin is not in the settings' `backstage.callers`")
        claims = claims_of(
            token,
            await keys.key(_key_id(header)),
            audience=self._audience,
            required=("iat", "exp", "sub", "aud"),
            skew=self._skew,
        )
        if claims["sub"] != caller:
            raise UnauthenticatedError("the plugin is not in the settings' `backstage.callers`")
        via = f"plugin:{caller}"
        limited = claims.get("obo")
        if limited is None:
            return Principal(CallerKind.PLUGIN, via, Role.READER)
        if not isinstance(limited, str):
            raise UnauthenticatedError("the claim `obo` holds no user token")
        inner = header_of(limited)
        if inner.get("typ") != LIMITED_USER:
            raise UnauthenticatedError("the claim `obo` holds a token of another type")
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
            raise UnauthenticatedError("the token's subject is not a user of the catalog")
        groups = await self._groups_of(name.lower(), token)
        role = Role.ADMIN if groups & self._admins else Role.REQUESTER
        return Principal(CallerKind.USER, name.lower(), role, groups, via)

    async def _groups_of(self, user: str, token: str) -> frozenset[str]:
        known = self._groups.get(user)
        now = time.monotonic()
        if known is not None and now - known[0] < _GROUPS_SECONDS:
            return known[1]
        answer = await fetch_json(self._client, self._user_info, what="the user's groups", token=token)
        try:
            groups = frozenset(map(group_ref, answer["claims"]["ent"]))
        except (KeyError, TypeError, AttributeError):
            raise UnavailableError("Backstage's answer does not list the user's groups") from None
        while len(self._groups) >= _MOST_USERS:
            self._groups.pop(next(iter(self._groups)))
        self._groups[user] = (now, groups)
        return groups


def _key_id(header: dict[str, Any]) -> str:
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise UnauthenticatedError("the token's header has no key id (`kid`)")
    return key_id
