"""Credentials for a remote, kept out of logs and errors.

A password never becomes an argument, a part of a URL, a file or a setting on disk. It is in the environment of the one
Git process that needs it, and a credential helper of one line passes it to the remote's own host.
``http.extraHeader`` is no alternative: Git sends that header to another host after a redirect.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

# GitHub, GitLab, Gitea and Forgejo accept a token as the password of any user.
_TOKEN_USER: Final = "x-access-token"  # noqa: S105 - a user's name
_USER_VARIABLE: Final = "GOLDENPATH_CHILD_USER"
_PASSWORD_VARIABLE: Final = "GOLDENPATH_CHILD_PASSWORD"  # noqa: S105 - a variable's name
# `printf` is a shell built-in, so the password does not become an argument of a program.
_HELPER: Final = (
    '!f() { test "$1" = get && '
    f'printf "username=%s\\npassword=%s\\n" "${_USER_VARIABLE}" "${_PASSWORD_VARIABLE}"; }}; f'
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_IN_A_URL: Final = re.compile(r"(?<=://)[^/@\s'\"]+@")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password or token (http and https), or a key file (ssh). ``repr`` shows no secret.

    If all are empty, Git uses its own helpers, and ssh its agent and configuration.

    Raises:
        InputError: a value contains a line break, or the key file does not exist.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ssh_key: Path | None = None

    def __post_init__(self) -> None:
        for name in ("user", "password"):
            if _CONTROL.search(getattr(self, name) or ""):
                raise InputError.of(
                    f"credentials: {name}", "credentials", "contains a line break or a control character"
                )
        if self.ssh_key is not None and not self.ssh_key.is_file():
            raise InputError.of("credentials: ssh key", "no-file", "does not exist", str(self.ssh_key))

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Credentials from ``GOLDENPATH_GIT_TOKEN``, ``GOLDENPATH_GIT_USER`` and ``GOLDENPATH_GIT_SSH_KEY`` (a file)."""
        key = variables.get("GOLDENPATH_GIT_SSH_KEY")
        return cls(
            user=variables.get("GOLDENPATH_GIT_USER") or None,
            password=variables.get("GOLDENPATH_GIT_TOKEN") or None,
            ssh_key=Path(key).expanduser() if key else None,
        )

    def settings(self, url: str) -> list[tuple[str, str]]:
        """Git's settings for a process that talks to ``url``. They contain no secret."""
        if self.password is None or not url.startswith(("http://", "https://")):
            return []
        scope = f"credential.{'/'.join(url.split('/', 3)[:3])}"
        # The empty helper removes all other helpers: Git would pass them the password too, and one might store it.
        return [
            ("credential.helper", ""),
            (f"{scope}.helper", ""),
            (f"{scope}.helper", _HELPER),
            (f"{scope}.username", self.user or _TOKEN_USER),
        ]

    def variables(self) -> dict[str, str]:
        """The environment variables of that process, with the password."""
        found: dict[str, str] = {}
        if self.password is not None:
            found |= {
                _USER_VARIABLE: self.user or _TOKEN_USER,
                _PASSWORD_VARIABLE: self.password,
                # A wrong password is then an error, and not a prompt in a window.
                "GIT_ASKPASS": "",
                "SSH_ASKPASS": "",
            }
        command = os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH") or "ssh"
        if self.ssh_key is not None:
            key = shlex.quote(str(self.ssh_key.absolute()))
            found["GIT_SSH_COMMAND"] = f"{command} -i {key} -o IdentitiesOnly=yes -o BatchMode=yes"
        return found

    def hide(self, text: str) -> str:
        """Remove the password from a text, in plain, URL-quoted and base64 form, and the users from URLs."""
        if self.password:
            both = f"{self.user or _TOKEN_USER}:{self.password}"
            forms = {self.password, quote(self.password, safe=""), base64.b64encode(both.encode()).decode()}
            for form in sorted(forms, key=len, reverse=True):
                text = text.replace(form, "***")
        return _IN_A_URL.sub("", text)
