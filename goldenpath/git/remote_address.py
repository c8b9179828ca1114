"""Check the URL of a remote, in each form that Git accepts, before Git sees it. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from goldenpath.errors import InputError
from goldenpath.git.git_credentials import Credentials

_SCHEMES: Final = ("https", "http", "ssh", "git", "file")
_HAS_SCHEME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//|:)")
# Git's rule (`url_is_local_not_ssh`): a colon before the first slash. A single letter before it is a Windows drive.
_SCP_LIKE: Final = re.compile(
    r"^(?:(?P<user>[^@/:]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]{2,}):(?P<path>.+)$"
)
_HOST: Final = re.compile(r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$|^[0-9A-Fa-f:.]+$")
_USER: Final = re.compile(r"^[A-Za-z0-9_.+@][A-Za-z0-9_.+@-]*$")
_SECRET_PART: Final = re.compile(r"(?<=/).*@|^[^/]*@", re.DOTALL)


class RemoteAddress(NamedTuple):
    """A remote's URL without its login, and the login."""

    url: str
    credentials: Credentials | None


def is_url(place: str) -> bool:
    """Whether a place is the URL of a remote, and not a local folder."""
    return bool(_HAS_SCHEME.match(place) or _SCP_LIKE.match(place))


def parse_url(url: str) -> RemoteAddress:
    """Check the URL of a remote. Separate the user and the password of an http(s) URL from it.

    Raises:
        InputError: the URL has another scheme (``ext::`` runs a command), a host or path that looks like an option,
            a query, or a password for ssh. The message shows no password.
    """
    if re.search(r"[\x00-\x20\x7f]", url):
        raise _refused(url, "contains a space or a control character")
    if not _HAS_SCHEME.match(url):
        return _scp_like(url)
    scheme = url.partition(":")[0].lower()
    if scheme not in _SCHEMES or not url[len(scheme) :].startswith("://"):
        forms = ", ".join(f"{name}://" for name in _SCHEMES)
        raise _refused(url, f"has an unsupported scheme; use {forms} or user@host:path")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(
            url,
            "is not a URL; in a user or password, write '/', '@', ':', '?' and '#' as %2F, %40, %3A, %3F and %23",
        ) from None
    if scheme == "file":
        if host or not parts.path.startswith("/"):
            raise _refused(url, "must be file:// followed by an absolute path")
        return RemoteAddress(url, None)
    if not _HOST.match(host):
        raise _refused(url, "has no host, or an invalid one")
    if scheme in {"http", "https"}:
        return _with_login(url, parts, f"[{host}]" if ":" in host else host, f":{port}" if port else "")
    if parts.password is not None or (parts.username is not None and not _USER.match(parts.username)):
        raise _refused(url, f"contains a password or an invalid user; {scheme} takes no password from a URL")
    return RemoteAddress(url, None)


def _with_login(url: str, parts: SplitResult, host: str, port: str) -> RemoteAddress:
    if parts.query or parts.fragment:
        raise _refused(url, "has a query or a fragment; remove it")
    clean = f"{parts.scheme}://{host}{port}{parts.path}"
    if parts.username is None:
        return RemoteAddress(clean, None)
    password = unquote(parts.password) if parts.password is not None else None
    return RemoteAddress(clean, Credentials(user=unquote(parts.username) or None, password=password))


def _scp_like(url: str) -> RemoteAddress:
    found = _SCP_LIKE.match(url)
    if not found or found["host"].lower() in _SCHEMES:  # `https:/user:password@host` is a typing error.
        raise _refused(url, "is not the URL of a repository")
    user, host, path = found["user"], found["host"].strip("[]"), found["path"]
    if not _HOST.match(host) or (user and not _USER.match(user)) or path.startswith("-"):
        raise _refused(url, "has an invalid user or host, or a path that looks like an option")
    return RemoteAddress(url, None)


def _refused(url: str, why: str) -> InputError:
    return InputError.of("repository", "repository-url", why, _SECRET_PART.sub("", url))
