"""Where a remote is: the forms of URL that Git takes, each checked before Git sees it. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from goldenpath.errors import InputError
from goldenpath.git.git_credentials import Credentials

_SCHEMES: Final = ("https", "http", "ssh", "git", "file")
_HAS_SCHEME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//|:)")
# As Git decides it (`url_is_local_not_ssh`): a colon before the first slash. One letter before it is a Windows drive.
_SCP_LIKE: Final = re.compile(
    r"^(?:(?P<user>[^@/:]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]{2,}):(?P<path>.+)$"
)
_HOST: Final = re.compile(r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$|^[0-9A-Fa-f:.]+$")
_USER: Final = re.compile(r"^[A-Za-z0-9_.+@][A-Za-z0-9_.+@-]*$")
_SECRET_PART: Final = re.compile(r"(?<=/).*@|^[^/]*@", re.DOTALL)


class RemoteAddress(NamedTuple):
    """A remote's URL without anything secret, and what was secret in it."""

    url: str
    credentials: Credentials | None


def is_url(place: str) -> bool:
    """Whether a place is a remote's URL, and not a folder on this machine."""
    return bool(_HAS_SCHEME.match(place) or _SCP_LIKE.match(place))


def parse_url(url: str) -> RemoteAddress:
    """A remote's URL, with the user and the password of an http(s) URL taken out of it.

    Raises:
        InputError: it is not a URL that Git should be given: another scheme (``ext::`` runs a command), a host or path
            that reads as an option, a query, a password for ssh. The message shows no password.

    """
    if re.search(r"[\x00-\x20\x7f]", url):
        raise _refused(url, "holds a space or a control character")
    if not _HAS_SCHEME.match(url):
        return _scp_like(url)
    scheme = url.partition(":")[0].lower()
    if scheme not in _SCHEMES or not url[len(scheme) :].startswith("://"):
        raise _refused(url, f"is not one of {', '.join(f'{name}://' for name in _SCHEMES)} or user@host:path")
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
            raise _refused(url, "must be file:// and an absolute path")
        return RemoteAddress(url, None)
    if not _HOST.match(host):
        raise _refused(url, "has no host, or one that is not a name of a host")
    if scheme in {"http", "https"}:
        return _with_login(url, parts, f"[{host}]" if ":" in host else host, f":{port}" if port else "")
    if parts.password is not None or (parts.username is not None and not _USER.match(parts.username)):
        raise _refused(url, f"may name a user, but no password: {scheme} takes none from a URL")
    return RemoteAddress(url, None)


def _with_login(url: str, parts: SplitResult, host: str, port: str) -> RemoteAddress:
    if parts.query or parts.fragment:
        raise _refused(url, "has a query or a fragment, which a repository's URL does not have")
    clean = f"{parts.scheme}://{host}{port}{parts.path}"
    if parts.username is None:
        return RemoteAddress(clean, None)
    password = unquote(parts.password) if parts.password is not None else None
    return RemoteAddress(clean, Credentials(user=unquote(parts.username) or None, password=password))


def _scp_like(url: str) -> RemoteAddress:
    found = _SCP_LIKE.match(url)
    if not found or found["host"].lower() in _SCHEMES:  # `https:/user:password@host` is a slip, and no host.
        raise _refused(url, "is not a URL of a repository")
    user, host, path = found["user"], found["host"].strip("[]"), found["path"]
    if not _HOST.match(host) or (user and not _USER.match(user)) or path.startswith("-"):
        raise _refused(url, "has a user, host or path that would read as an option")
    return RemoteAddress(url, None)


def _refused(url: str, why: str) -> InputError:
    return InputError.of("repository", "repository-url", why, _SECRET_PART.sub("", url))
