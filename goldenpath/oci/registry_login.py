"""Logs in to a registry with a password, or with a token that another server issues for a password.

The rules for tokens come from distribution's `docs/spec/auth/token.md`, which every large registry follows.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from goldenpath.errors import RegistryError
from goldenpath.oci.registry_credentials import PASSWORD, USER
from goldenpath.spec.loopback import is_loopback

if TYPE_CHECKING:
    from goldenpath.oci.registry_address import RegistryAddress
    from goldenpath.oci.registry_credentials import RegistryCredentials

__all__ = ["RegistryLogin"]

_CHALLENGE: Final = re.compile(r"(basic|bearer)\b(.*)", re.IGNORECASE | re.DOTALL)
_PARAMETER: Final = re.compile(r'([a-z]+)="([^"]*)"', re.IGNORECASE)
_ONE_WORD: Final = re.compile(r"[\x21-\x7e]+")


class RegistryLogin:
    """The authorization headers for a registry. Other hosts never receive them.

    Without credentials, the login asks for an anonymous token.
    """

    def __init__(
        self, http: httpx.Client, address: RegistryAddress, credentials: RegistryCredentials | None
    ) -> None:
        self._http = http
        self._address = address
        self._credentials = credentials
        self._tokens: dict[tuple[str, bool], str] = {}
        self._is_basic = False

    @property
    def advice(self) -> str:
        """The advice after a refusal: how to log in, or that rights may be missing."""
        if self._credentials is None:
            return f"set {USER} and {PASSWORD}, or log in with `docker login {self._address.host}`"
        return f"{self._credentials.user} may need more rights there"

    def headers(self, url: str, repository: str, *, is_writing: bool) -> dict[str, str]:
        """Return the headers for a URL; empty for another host than the registry."""
        if urlsplit(url).netloc.lower() != self._address.host:
            return {}
        if self._is_basic and self._credentials is not None:
            return {"authorization": self._credentials.basic}
        token = self._tokens.get((repository, is_writing))
        return {"authorization": f"Bearer {token}"} if token else {}

    def answer(self, challenge: str, repository: str, *, is_writing: bool) -> bool:
        """Answer a challenge of the registry. Return whether a second request can succeed.

        Raises:
            RegistryError: the token server refuses, or has an address without TLS.
        """
        found = _CHALLENGE.match(challenge.strip())
        if found is None:
            return False
        if found[1].lower() == "basic":
            was_basic, self._is_basic = self._is_basic, True
            return self._credentials is not None and not was_basic
        # An earlier token may have expired.
        parameters = {name.lower(): value for name, value in _PARAMETER.findall(found[2])}
        self._tokens[repository, is_writing] = self._token(parameters, repository, is_writing)
        return True

    def hidden(self, text: str) -> str:
        """Return a text without the password, which a server may have echoed."""
        secret = self._credentials.password if self._credentials is not None else ""
        return text.replace(secret, "***") if secret else text

    def _token(self, parameters: dict[str, str], repository: str, is_writing: bool) -> str:
        realm = parameters.get("realm", "")
        parts = urlsplit(realm)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.netloc)):
            raise RegistryError(f"{self._address.host}: names the token server {parts.netloc!r} without TLS")
        actions = "pull,push" if is_writing else "pull"
        query = {"service": parameters.get("service", ""), "scope": f"repository:{repository}:{actions}"}
        url = httpx.URL(realm).copy_merge_params(query)
        headers = {} if self._credentials is None else {"authorization": self._credentials.basic}
        response = self._http.get(url, headers=headers)
        token = _token_in(response.content) if response.is_success else ""
        if not token:
            message = (
                f"{parts.netloc}: issued no token for {repository} ({response.status_code}); {self.advice}"
            )
            raise RegistryError(self.hidden(message))
        return token


def _token_in(body: bytes) -> str:
    try:
        document: Any = json.loads(body)
        token = document.get("token") or document.get("access_token")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return token if isinstance(token, str) and _ONE_WORD.fullmatch(token) else ""
