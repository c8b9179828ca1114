"""Credentials for a registry: from the environment, or from the file that ``docker login`` writes."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PASSWORD", "USER", "RegistryCredentials"]

USER: Final = "GOLDENPATH_REGISTRY_USER"
PASSWORD: Final = "GOLDENPATH_REGISTRY_PASSWORD"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True)
class RegistryCredentials:
    """A user and a password or token. ``repr`` does not show the password."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def of_host(cls, host: str, variables: Mapping[str, str]) -> Self | None:
        """Find the credentials for a registry. None means anonymous access.

        Both variables come first; then ``$REGISTRY_AUTH_FILE`` (podman, skopeo), then ``$DOCKER_CONFIG/config.json``, then
        ``~/.docker/config.json``. Credential helpers are not used.

        Raises:
            InputError: only one variable is set, or the file cannot be read.
        """
        user, password = (variables.get(name, "") for name in (USER, PASSWORD))
        if user and password:
            return cls(user, password)
        if user or password:
            lacking = PASSWORD if user else USER
            given = USER if user else PASSWORD
            raise InputError.of(lacking, "registry-credentials", f"is not set, but {given} is; set both")
        file = _config_file(variables)
        if not file.is_file():
            return None
        return cls._of_entry(_entry(file, host), file, host)

    @classmethod
    def _of_entry(cls, entry: Mapping[str, Any], file: Path, host: str) -> Self | None:
        text = entry.get("auth")
        if not text:
            return None
        try:
            user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, TypeError, UnicodeDecodeError):
            colon = ""
        if not colon:
            message = "is not the base64 of USER:PASSWORD; log in again"
            raise InputError.of(f"auths.{host}.auth", "registry-credentials", message, file=str(file))
        return cls(user, password)

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def _config_file(variables: Mapping[str, str]) -> Path:
    if given := variables.get("REGISTRY_AUTH_FILE"):
        return Path(given)
    folder = variables.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path("~/.docker").expanduser()) / "config.json"


def _entry(file: Path, host: str) -> Mapping[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # The message of the parser could hold a part of a secret.
        raise InputError.of("", "registry-credentials", "cannot be read as JSON", file=str(file)) from None
    auths = document.get("auths") if isinstance(document, dict) else None
    entry = auths.get(host, auths.get(f"https://{host}")) if isinstance(auths, dict) else None
    return entry if isinstance(entry, dict) else {}
