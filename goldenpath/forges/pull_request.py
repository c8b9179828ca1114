"""The protocol of forges: the wanted pull request, and the forge's answer."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final, Protocol

from goldenpath.errors import InputError

__all__ = ["Closed", "CommentChange", "Forge", "Opened", "PullRequest", "PullRequestPage"]

_PAGE: Final = re.compile(
    r"(?P<remote>https?://[^\s?#]+?)/(?P<verb>-/merge_requests|pulls?)/(?P<number>[1-9][0-9]{0,9})/?"
)
_KINDS: Final = {"-/merge_requests": "gitlab", "pull": "github", "pulls": "gitea"}
"""The path of a pull request's page on each forge. Forgejo has the paths and the API of Gitea."""


@dataclass(frozen=True, slots=True)
class PullRequestPage:
    """The address of a pull request's page: the repository as a Git remote, the kind of the forge, the number."""

    remote: str
    kind: str
    number: int

    @classmethod
    def parse(cls, url: str) -> PullRequestPage:
        """Parse the URL of a page.

        Raises:
            InputError: the URL is not the page of a pull request.
        """
        match = _PAGE.fullmatch(url)
        if match is None:
            message = (
                "must be the page of a pull request, such as https://github.com/owner/repository/pull/12"
            )
            raise InputError.of("--comment", "pull-request-url", message)
        return cls(f"{match['remote']}.git", _KINDS[match["verb"]], int(match["number"]))


class CommentChange(enum.StrEnum):
    """The effect of ``keep_comment``."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A wanted pull request between two branches of one repository.

    ``body`` is Markdown. A body that exceeds the forge's limit is cut at the end of a line, with a note.
    ``reviewers`` are login names of people (``anna`` or ``@anna``). ``teams`` are groups of people: ``vision-team`` in
    the organisation that owns the repository, or ``northwind/vision-team``. ``draft`` applies only on opening.
    """

    head: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """An open pull request; ``url`` is its page.

    ``warnings`` are sentences about refused parts, such as an unknown reviewer or a label.
    """

    number: int
    url: str
    created: bool = False
    updated: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed pull request. ``closed`` is false if it was closed before."""

    number: int
    url: str
    closed: bool
    warnings: tuple[str, ...] = ()


class Forge(Protocol):
    """One repository on one forge. Thread-safe.

    The methods raise :class:`RepositoryError` if the forge refuses (the message has reason and fix),
    :class:`RepositoryUnavailableError` if it does not answer or stays busy, and :class:`InputError` if a write has no
    token.
    """

    @property
    def name(self) -> str:
        """``GitHub``, ``GitLab``, ``Gitea`` or ``Forgejo``."""

    def commit_page(self, commit: str) -> str | None:
        """The web page of a commit, or None if it is unknown. Sends nothing over the network."""

    def find(self, head: str, base: str) -> Opened | None:
        """The open pull request from branch ``head`` of this repository to ``base``."""

    def find_declined(self, head: str, base: str) -> Opened | None:
        """The last pull request between these branches that a person closed without merging it."""

    def open_or_update(self, pull_request: PullRequest) -> Opened:
        """Open a pull request, or change the open one where it differs."""

    def close(self, number: int, comment: str = "") -> Closed:
        """Close a pull request without merging it, with a comment."""

    def keep_comment(self, number: int, text: str, *, mark: str) -> CommentChange:
        """Create a comment on a pull request, or change the one with the same mark where it differs.

        Args:
            number: the number of the pull request.
            text: Markdown, cut to the forge's limit.
            mark: the first line, which identifies the comment; an HTML comment, which the page does not show.
        """
