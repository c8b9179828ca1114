"""Error messages for refusals of a forge, each with a fix.

Each forge writes its errors in its own shape. Sources, read in November 2026: GitHub's REST description
(``message``, ``errors[]`` with ``field``, ``code`` and ``message``), GitLab's REST documentation (``message`` as
text, list or object; ``error`` with ``error_description``), Gitea's source 1.26 (``message``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import RepositoryError, RepositoryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ForgeWording", "RefusedError", "UnansweredError", "explained", "messages_in"]

_SHOWN_CHARS: Final = 300
_MESSAGES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class ForgeWording:
    """The words of one forge in messages.

    ``right`` is the permission that a token needs to write a pull request, ``where`` the page on which to grant it.
    ``variables`` are the environment variables for the token.
    """

    name: str
    right: str
    where: str
    variables: tuple[str, ...]


class RefusedError(RepositoryError):
    """The forge refused a call. ``status`` is its HTTP status, ``sentences`` are in its answer."""

    def __init__(self, message: str, *, status: int, sentences: tuple[str, ...]) -> None:
        super().__init__(message)
        self.status = status
        self.sentences = sentences

    def mentions(self, *words: str) -> bool:
        text = " ".join(self.sentences).lower()
        return any(word in text for word in words)

    @property
    def reason(self) -> str:
        return "; ".join(self.sentences) or f"status {self.status}"


class UnansweredError(RepositoryUnavailableError):
    """A call that must not be repeated blindly got no answer. It may have worked."""


def messages_in(data: Any) -> tuple[str, ...]:
    """The sentences in the JSON of an error, of any shape, each as one printable line."""
    found = dict.fromkeys(_line(text) for text in _texts(data))
    return tuple(text for text in found if text)[:_MESSAGES_SHOWN]


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for item in data:
            yield from _texts(item)
    elif isinstance(data, dict):
        yield from _texts_of(data)


def _texts_of(data: dict[str, Any]) -> Iterator[str]:
    known = [data[key] for key in ("message", "error", "error_description", "errors") if data.get(key)]
    if "code" in data and "message" not in data:  # one of GitHub's validation errors
        yield f"{data.get('field') or data.get('resource') or 'a field'}: {data['code']}"
    elif known:
        for value in known:
            yield from _texts(value)
    else:  # GitLab: {"title": ["is too long"]}
        for field, value in data.items():
            for text in _texts(value):
                yield f"{field}: {text}"


def _line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"


def explained(
    words: ForgeWording,
    doing: str,
    status: int,
    sentences: tuple[str, ...],
    headers: Mapping[str, str],
    *,
    signed_in: bool,
) -> str:
    """A message with the action, the forge's answer, and the fix."""
    answer = f"{status}: {'; '.join(sentences)}" if sentences else str(status)
    return f"{words.name} refused to {doing} ({answer}). {_fix(words, status, sentences, headers, signed_in=signed_in)}"


def _fix(
    words: ForgeWording,
    status: int,
    sentences: tuple[str, ...],
    headers: Mapping[str, str],
    *,
    signed_in: bool,
) -> str:
    text = " ".join(sentences).lower()
    if "saml" in text or headers.get("x-github-sso"):
        return "The organisation requires single sign-on; authorise the token for it in the settings of the token."
    if "not permitted to create or approve pull requests" in text:
        return "Allow this in the repository under Settings, Actions, General, or set another token."
    needed = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes")
    named = f"; the forge asks for: {_line(needed)}" if needed else ""
    seen = "the token cannot read it" if signed_in else "it is private and no token is set"
    fixes = {
        401: f"The token is wrong, expired or revoked; set {' or '.join(words.variables)} to one that has "
        f"{words.right} ({words.where}).",
        403: f"The token needs {words.right} ({words.where}{named}).",
        404: f"The repository or branch does not exist, or {seen}; the token needs {words.right} ({words.where}).",
        423: "The repository is archived and read-only; unarchive it.",
        **dict.fromkeys(
            (301, 302, 303, 307, 308),
            "The answer is a redirect; if the repository has moved, set its new URL, else correct --forge-api.",
        ),
    }
    return fixes.get(status, "The call changed nothing.")
