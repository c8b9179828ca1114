"""A pull request as goldenpath asks a forge for it, and the forge's answer."""

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
"""How each forge writes the address of a pull request's page; Forgejo's is Gitea's, and so is its API."""


@dataclass(frozen=True, slots=True)
class PullRequestPage:
    """Where people look at a pull request: its repository as a Git remote, the forge's kind, and the number."""

    remote: str
    kind: str
    number: int

    @classmethod
    def parse(cls, url: str) -> PullRequestPage:
        """Read the address of a page.

        Raises:
            InputError: it is not the page of a pull request.
        """
        match = _PAGE.fullmatch(url)
        if match is None:
            message = "must be a pull request's page, such as https://github.com/owner/repository/pull/12"
            raise InputError.of("--comment", "pull-request-url", message)
        return cls(f"{match['remote']}.git", _KINDS[match["verb"]], int(match["number"]))


class CommentChange(enum.StrEnum):
    """What was done with a comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it should be, between two branches of one repository.

    ``body`` is Markdown; one that is too long for the forge is cut where a line ends, and says so.
    ``reviewers`` are people, by the name with which they sign in (``anna`` or ``@anna``). ``teams`` are groups
    of people: ``vision-team`` in the organisation that owns the repository, or ``northwind/vision-team``.
    ``draft`` counts only when the pull request is opened.
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
    """An open pull request: ``number`` as people say it, ``url`` for the browser.

    ``warnings`` are sentences about what the forge did not take (a reviewer who is not there, a label).
    """

    number: int
    url: str
    created: bool = False
    updated: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """A pull request that is not open any more; ``closed`` is false where it was not open before."""

    number: int
    url: str
    closed: bool
    warnings: tuple[str, ...] = ()


class Forge(Protocol):
    """One repository on one forge. Every verb may be called from several threads.

    All raise :class:`RepositoryError` where the forge refuses (the message says why and what to do),
    :class:`RepositoryUnavailableError` where it does not answer or stays busy, and :class:`InputError` where
    there is no token to write with.
    """

    @property
    def name(self) -> str:
        """``GitHub``, ``GitLab``, ``Gitea`` or ``Forgejo``."""

    def commit_page(self, commit: str) -> str | None:
        """Where people look at a commit, whose id is given, if that is known. Asks nothing of the network."""

    def find(self, head: str, base: str) -> Opened | None:
        """The open pull request from branch ``head`` of this repository to ``base``."""

    def find_declined(self, head: str, base: str) -> Opened | None:
        """The last pull request between these branches that a person closed without merging it."""

    def open_or_update(self, pull_request: PullRequest) -> Opened:
        """Have an open pull request that is as asked: made, changed, or left as it is."""

    def close(self, number: int, comment: str = "") -> Closed:
        """Close a pull request without merging it, and say why."""

    def keep_comment(self, number: int, text: str, *, mark: str) -> CommentChange:
        """Have one comment under a pull request that says this: made, changed, or left as it is.

        Args:
            number: of the pull request.
            text: Markdown; cut where the forge takes no more.
            mark: the first line, by which the comment is found again; an HTML comment, which no one sees.
        """
