"""The token for a forge: find it in the environment, and keep it out of messages and logs."""

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
#: The environment variables for the token of each forge, in order.
VARIABLES: Final = {
    ForgeKind.GITHUB: (FOR_ANY, "GH_TOKEN", "GITHUB_TOKEN"),
    ForgeKind.GITLAB: (FOR_ANY, "GITLAB_TOKEN"),
    ForgeKind.GITEA: (FOR_ANY, "GITEA_TOKEN"),
    ForgeKind.FORGEJO: (FOR_ANY, "FORGEJO_TOKEN", "GITEA_TOKEN"),
}
_GITHUB_SERVER: Final = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


class Token:
    """A secret that only :meth:`reveal` returns. ``job`` marks the token of a GitLab CI job."""

    __slots__ = ("_text", "job", "source")

    def __init__(self, text: str, *, source: str = "token", job: bool = False) -> None:
        """``source`` is the variable or option of the token, for messages.

        :raises InputError: the token is empty, or contains characters that an HTTP header cannot carry.
        """
        text = text.strip()
        # This message omits the value; the one of an HTTP client would show it.
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise InputError.of(source, "forge-token", "must be one word of printable ASCII characters")
        self._text = text
        self.source = source
        self.job = job

    def reveal(self) -> str:
        return self._text

    def hide_in(self, text: str) -> str:
        """Remove this token from a text: a server may echo it."""
        return text.replace(self._text, "(token)")

    def __repr__(self) -> str:
        return f"Token({self.source})"

    def __reduce__(self) -> str:
        raise TypeError("a token must not be pickled")


def token_of(environment: Mapping[str, str], address: ForgeAddress) -> Token | None:
    """The token in ``environment`` for the host of ``address``, or None.

    A variable of one host is not sent to another: ``GITHUB_TOKEN`` goes to github.com, or in CI to the server that set
    it; ``CI_JOB_TOKEN`` goes to the GitLab that runs the job.
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
    # The CI of GitHub, Gitea and Forgejo sets this token together with the URL of its server.
    if _host(environment.get("GITHUB_SERVER_URL", "")) == address.host:
        yield "GITHUB_TOKEN", False
    if address.kind is ForgeKind.GITLAB and _host(environment.get("CI_SERVER_URL", "")) == address.host:
        yield "CI_JOB_TOKEN", True


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
