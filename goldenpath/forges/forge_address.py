"""Find the forge of a Git remote's URL: its kind, its API, its repository.

Sources, read in November 2026: docs.github.com (REST on GitHub Enterprise Server: ``/api/v3``; on
``*.ghe.com``: host ``api.``; SSH over port 443), docs.gitlab.com (``/api/v4``, SSH over port 443),
docs.gitea.com and forgejo.org (``/api/v1``).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from goldenpath.errors import InputError, Problem

__all__ = ["ForgeAddress", "ForgeKind", "address_of", "is_github_cloud"]


class ForgeKind(enum.StrEnum):
    """The supported forges, by their name in ``--forge``."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"


_KNOWN: Final = {
    "github.com": ForgeKind.GITHUB,
    "gitlab.com": ForgeKind.GITLAB,
    "gitea.com": ForgeKind.GITEA,
    "codeberg.org": ForgeKind.FORGEJO,
}
_API_PATH: Final = {
    ForgeKind.GITHUB: "/api/v3",
    ForgeKind.GITLAB: "/api/v4",
    ForgeKind.GITEA: "/api/v1",
    ForgeKind.FORGEJO: "/api/v1",
}
_COMMIT_PATH: Final = {
    ForgeKind.GITHUB: "/commit",
    ForgeKind.GITLAB: "/-/commit",
    ForgeKind.GITEA: "/commit",
    ForgeKind.FORGEJO: "/commit",
}
#: Hosts that serve SSH on port 443 for another host.
_SSH_ALIASES: Final = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_SSH: Final = frozenset({"ssh", "git+ssh", "ssh+git"})
_WEB: Final = frozenset({"https", "http"})
_SCP_LIKE: Final = re.compile(
    r"^(?:[^@/\s]+@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/@\s\[\]]+):(?!//)(?P<path>[^\s]+)$"
)
_HOST: Final = re.compile(r"^(?:[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*)$")
_LOOPBACK: Final = re.compile(r"^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$")
_REPO, _FORGE, _API = "--repo", "--forge", "--forge-api"
_KINDS: Final = ", ".join(ForgeKind)


@dataclass(frozen=True, slots=True)
class ForgeAddress:
    """One repository on one forge.

    ``api`` is the base URL of the API without a final slash, ``host`` has no port. ``owner`` is the user, the
    organisation or the GitLab group, with slashes between nested groups.
    """

    kind: ForgeKind
    host: str
    api: str
    owner: str
    name: str

    @property
    def repository(self) -> str:
        return f"{self.owner}/{self.name}"

    def commit_page(self, commit: str) -> str | None:
        """The web page of a commit; None if the API's address does not show the address of the web pages."""
        web = self._web()
        repository = quote(self.repository, safe="/")
        return f"{web}/{repository}{_COMMIT_PATH[self.kind]}/{commit}" if web else None

    def _web(self) -> str | None:
        """The base URL of the web pages, without a final slash; None if unknown.

        It follows from an API at the usual path of the remote's host. Another API address may be an internal one.
        """
        parts = urlsplit(self.api)
        host, usual = parts.hostname or "", _API_PATH[self.kind]
        if is_github_cloud(host.removeprefix("api.")):
            return f"https://{host.removeprefix('api.')}"
        if host == self.host and self.api.endswith(usual):
            return self.api.removesuffix(usual)
        return None

    def path(self, *segments: str | int) -> str:
        """A path below ``api``, with each segment quoted, including its slashes."""
        return "/" + "/".join(quote(str(segment), safe="") for segment in segments)


def is_github_cloud(host: str) -> bool:
    """Whether ``host`` is github.com, or GitHub Enterprise Cloud with data residency."""
    return host == "github.com" or host.endswith(".ghe.com")


def address_of(remote: str, *, kind: str | None = None, api: str | None = None) -> ForgeAddress | None:
    """The forge of a remote's URL; None for a plain Git remote (a path, ``file://``, ``git://``).

    Hosts other than github.com, ``*.ghe.com``, gitlab.com, gitea.com and codeberg.org need ``kind``: a name is no proof,
    and the host receives a token. ``api`` is needed if the API is not at the usual path of the remote's host.

    :raises InputError: the URL names no repository, or the forge is unknown; the message names the option to set.
    """
    wanted = _kind(kind)
    parts = _split(remote)
    if parts is None:
        if wanted is not None or api is not None:
            raise InputError.of(
                _REPO,
                "no-forge",
                f"is a plain Git remote; {_FORGE} and {_API} need a remote over https or ssh",
                _shown(remote),
            )
        return None
    host = _SSH_ALIASES.get(parts.hostname or "", parts.hostname or "")
    if not _HOST.fullmatch(host):
        raise InputError.of(_REPO, "remote-url", "names no host", _shown(remote))
    found = wanted or (ForgeKind.GITHUB if is_github_cloud(host) else _KNOWN.get(host))
    if found is None:
        first = host.partition(".")[0]
        problem = Problem(
            path=_FORGE,
            rule="unknown-forge",
            message=f"must name the forge on {host}: {_KINDS}; the name of the host does not show it",
            nearest=first if first in list(ForgeKind) else None,
        )
        raise InputError([problem])
    base = _given_api(api, found) if api is not None else _usual_api(found, host, parts)
    prefix = urlsplit(base).path.removesuffix(_API_PATH[found]) if api is not None else ""
    owner, name = _repository(remote, parts.path, prefix, found)
    return ForgeAddress(kind=found, host=host, api=base, owner=owner, name=name)


def _kind(kind: str | None) -> ForgeKind | None:
    if kind is None:
        return None
    try:
        return ForgeKind(kind)
    except ValueError:
        raise InputError.of(_FORGE, "unknown-forge", f"must be one of {_KINDS}", kind) from None


def _split(remote: str) -> SplitResult | None:
    """The parts of an http(s) or ssh URL; an scp-like address counts as ``ssh://``. None for other remotes."""
    if "://" not in remote:
        match = _SCP_LIKE.match(remote)
        # Like Git, take a single letter (`C:\fleet`) for a Windows drive.
        if match is None or len(match["host"]) == 1 or remote.startswith(("./", "../", "/", "~")):
            return None
        return SplitResult("ssh", match["host"].lower(), "/" + match["path"].lstrip("/"), "", "")
    try:
        parts = urlsplit(remote)
        _ = parts.port
    except ValueError:
        raise InputError.of(_REPO, "remote-url", "is not a URL", _shown(remote)) from None
    return parts if parts.scheme.lower() in _SSH | _WEB else None


def _usual_api(kind: ForgeKind, host: str, parts: SplitResult) -> str:
    if is_github_cloud(host):
        return f"https://api.{host}"
    web = parts.scheme.lower() in _WEB
    scheme = parts.scheme.lower() if web else "https"
    if scheme == "http" and not _LOOPBACK.match(host):
        raise InputError.of(
            _API,
            "token-in-the-clear",
            f"is needed because {host} is reached without https: the token would be sent unencrypted. "
            f"To accept that, set {_API} http://{host}{_API_PATH[kind]}",
        )
    port = f":{parts.port}" if web and parts.port else ""
    return f"{scheme}://{_bracketed(host)}{port}{_API_PATH[kind]}"


def _given_api(api: str, kind: ForgeKind) -> str:
    try:
        parts = urlsplit(api.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, SplitResult("", "", "", "", "")
    clean = parts.scheme.lower() in _WEB and _HOST.fullmatch(host) and not parts.query and not parts.fragment
    if not clean or parts.username or parts.password:
        raise InputError.of(
            _API, "forge-api", f"must be a URL such as https://{kind}.example{_API_PATH[kind]}", _shown(api)
        )
    path = parts.path.rstrip("/") or ("" if host.startswith("api.") else _API_PATH[kind])
    at = f":{port}" if port else ""
    return f"{parts.scheme.lower()}://{_bracketed(host)}{at}{path}"


def _repository(remote: str, path: str, prefix: str, kind: ForgeKind) -> tuple[str, str]:
    """Owner and name. ``prefix`` is the path of a forge that is not at the root of its host."""
    text = unquote(path)
    if prefix and (text + "/").startswith(prefix + "/"):
        text = text[len(prefix) :]
    segments = text.strip("/").removesuffix(".git").split("/")
    nested = kind is ForgeKind.GITLAB
    clean = all(segment and segment.strip(".") and segment.isprintable() for segment in segments)
    if not clean or len(segments) < 2 or (len(segments) > 2 and not nested):  # noqa: PLR2004 -- owner and name
        shape = "group/repository" if nested else "owner/repository"
        raise InputError.of(_REPO, "remote-url", f"must end in {shape}", _shown(remote))
    return "/".join(segments[:-1]), segments[-1]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _shown(url: str) -> str:
    """``url`` without its login and its query, which may contain a secret."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]*@", r"\1", url.partition("?")[0])
