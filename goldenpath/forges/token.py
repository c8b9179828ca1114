"""The token for a forge: where it comes from, and how it stays out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from goldenpath.errors import InputError
from goldenpath.forges.forge_address import ForgeKind, is_github_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.forges.forge_address import ForgeAddress

__all__ = ["VARIABLES", "Token", "token_of"]

FOR_ANY: Final = "GOLDENPATH_FORGE_TOKEN"
#: What to set, forge by forge, as messages and the documentation name it.
VARIABLES: Final = {
    ForgeKind.GITHUB: (FOR_ANY, "GH_TOKEN", "GITHUB_TOKEN"),
    ForgeKind.GITLAB: (FOR_ANY, "GITLAB_TOKEN"),
    ForgeKind.GITEA: (FOR_ANY, "GITEA_TOKEN"),
    ForgeKind.FORGEJO: (FOR_ANY, "FORGEJO_TOKEN", "GITEA_TOKEN"),
}
_GITHUB_SERVER: Final = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


class Token:
    """A secret that shows itself only to :meth:`reveal`; ``job`` marks the one that GitLab gives a CI job."""

    __slots__ = ("_text", "job", "source")

    def __init__(self, text: str, *, source: str = "token", job: bool = False) -> None:
        """``source`` is the variable or flag that it came from, for messages.

        :raises InputError: it is empty, or holds what no HTTP header can carry.
        """
        text = text.strip()
        # Said without the value: an HTTP client would show a header that it cannot encode.
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise InputError.of(source, "forge-token", "is not a token: one word of ASCII letters and signs")
        self._text = text
        self.source = source
        self.job = job

    def reveal(self) -> str:
        return self._text

    def hide_in(self, text: str) -> str:
        """``text`` without this token, should a server have echoed it."""
        return text.replace(self._text, "(token)")

    def __repr__(self) -> str:
        return f"Token({self.source})"

    def __reduce__(self) -> str:
        raise TypeError("a token is not to be written anywhere")


def token_of(environment: Mapping[str, str], address: ForgeAddress) -> Token | None:
    """The token that ``environment`` holds for the host of ``address``, or nothing.

    A variable that belongs to one host is sent to no other: ``GITHUB_TOKEN`` goes to github.com (or to the
    server that set it, in its own CI), ``CI_JOB_TOKEN`` to the GitLab that runs the job.
    """
    for name, job in _names(environment, address):
        if text := environment.get(name, "").strip():
            return Token(text, source=name, job=job)
    return None


def _names(environment: Mapping[str, str], address: ForgeAddress) -> Iterator[tuple[str, bool]]:
    yield FOR_ANY, False
    on_a_server = address.kind is ForgeKind.GITHUB and not is_github_cloud(address.host)
    names = _GITHUB_SERVER if on_a_server else VARIABLES[address.kind][1:]
    yield from ((name, False) for name in names)
    # GitHub's, Gitea's and Forgejo's CI all give this one to a job, and name their own server beside it.
    if _host(environment.get("GITHUB_SERVER_URL", "")) == address.host:
        yield "GITHUB_TOKEN", False
    if address.kind is ForgeKind.GITLAB and _host(environment.get("CI_SERVER_URL", "")) == address.host:
        yield "CI_JOB_TOKEN", True


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
