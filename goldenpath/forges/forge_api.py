"""The calls in which the forges differ. ``forge.py`` holds the common part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.forges.error_messages import ForgeWording, RefusedError
    from goldenpath.forges.http_client import ForgeClient
    from goldenpath.forges.pull_request import PullRequest

__all__ = ["CurrentPullRequest", "ForgeApi"]


@dataclass(frozen=True, slots=True)
class CurrentPullRequest:
    """The present state of a pull request.

    ``mark`` is the prefix of a draft's title (``Draft: ``) on forges that mark drafts in the title; ``title`` is without
    it. ``asked`` and ``asked_teams`` are in lower case.
    """

    number: int
    url: str
    title: str
    body: str
    open: bool
    mark: str = ""
    author: str = ""
    labels: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    asked_teams: frozenset[str] = frozenset()


class ForgeApi(ABC):
    """The calls of one forge, for one operation.

    ``ask`` and ``add_labels`` report refusals as warnings. They raise only errors that stop the operation.
    """

    words: ClassVar[ForgeWording]
    title_limit: ClassVar[int]
    body_limit: ClassVar[int]
    page_size: ClassVar[str] = "per_page"
    """The query parameter for the number of items on a page."""
    edit_verb: ClassVar[str] = "PATCH"

    def __init__(self, client: ForgeClient) -> None:
        self.client = client
        self.address = client.address

    @abstractmethod
    def find(self, head: str, base: str) -> CurrentPullRequest | None:
        """The open pull request between these branches of this repository, forks excluded."""

    @abstractmethod
    def find_declined(self, head: str, base: str) -> CurrentPullRequest | None:
        """The last pull request between these branches that was closed without a merge."""

    @abstractmethod
    def create(self, wanted: PullRequest, warnings: list[str]) -> CurrentPullRequest:
        """:raises RefusedError: the forge refused; see :meth:`exists_already` for one reason."""

    @abstractmethod
    def exists_already(self, refusal: RefusedError) -> bool:
        """Whether the forge refused ``create`` because an open pull request exists."""

    @abstractmethod
    def reason(self, refusal: RefusedError, wanted: PullRequest) -> str | None:
        """A better explanation of a refused ``create``, if one is known."""

    @abstractmethod
    def edit(self, current: CurrentPullRequest, *, title: str | None, body: str | None) -> None:
        """Change the values that are not None. ``title`` includes the mark."""

    @abstractmethod
    def add_labels(self, current: CurrentPullRequest, names: list[str]) -> list[str]:
        """Add labels, and create those that the repository does not have. Return warnings."""

    def asked_before(self, current: CurrentPullRequest) -> CurrentPullRequest:
        """Add everyone who was ever asked, on forges that drop reviewers from the list after their review."""
        return current

    @abstractmethod
    def ask(
        self, current: CurrentPullRequest, people: list[str], teams: list[str], warnings: list[str]
    ) -> bool:
        """Ask for reviews. Return whether the forge asked anyone."""

    @abstractmethod
    def get(self, number: int) -> CurrentPullRequest:
        """The pull request with this number."""

    @abstractmethod
    def close(self, number: int) -> None:
        """Close a pull request without merging it."""

    @abstractmethod
    def comments_path(self, number: int) -> str:
        """The address of the comments of a pull request."""

    @abstractmethod
    def comment_path(self, number: int, comment: int) -> str:
        """The address of one comment."""

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        doing = f"comment on pull request {number}"
        self.client.write("POST", self.comments_path(number), doing, {"body": text}, repeatable=False)

    def comments(self, number: int) -> Iterator[tuple[int, str]]:
        """Number and text of each comment, oldest first."""
        doing = f"read the comments of pull request {number}"
        for item in self.client.pages(self.comments_path(number), doing, {self.page_size: 50}):
            yield item["id"], item.get("body") or ""

    def edit_comment(self, number: int, comment: int, text: str) -> None:

        doing = f"change a comment of pull request {number}"
        self.client.write(self.edit_verb, self.comment_path(number, comment), doing, {"body": text})


def lowered(items: Any, key: str) -> frozenset[str]:
    """The text under ``key`` of each object of a JSON list, in lower case."""
    return frozenset(
        item[key].lower()
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get(key), str)
    )
